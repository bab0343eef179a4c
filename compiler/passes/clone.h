// Copies ops, with all that is nested in them, from one place to another: within a function or
// between two. A map says what each value of the source is called in the target.
#pragma once

#include "compiler/ir/function.h"

namespace tile::passes {

/// value_map[v] is the target's value for the source's v; values without an entry stay as they are
/// (right only when source and target are the same function).
using ValueMap = EntityVector<ir::ValueId, ir::ValueId>;

ir::ValueId mapped(const ValueMap& map, ir::ValueId value);
void set_mapped(ValueMap& map, ir::ValueId from, ir::ValueId to);

/// Appends a copy of `op` to `block` of `target`; its results enter the map. `source` may be
/// `target`.
void clone_op(const ir::Function& source, ir::OpId op, ir::Function& target, ir::BlockId block,
              ValueMap& map);
/// Appends copies of a block's ops, all but its yield, and returns what the yield's operands
/// became.
std::vector<ir::ValueId> clone_block(const ir::Function& source, ir::BlockId from,
                                     ir::Function& target, ir::BlockId block, ValueMap& map);

}  // namespace tile::passes
