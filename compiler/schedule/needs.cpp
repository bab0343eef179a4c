// See planner.h. When can a value be computed, by whom is it used, and what does recomputing it
// cost?
#include <algorithm>

#include "compiler/schedule/planner.h"

namespace tile::schedule {

using ir::AccessDim;
using ir::BlockId;
using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

BlockId Planner::block_of(ValueId value) const {
  const ir::Value& facts = function_.values[value];
  return facts.op ? block_of_op_[facts.op] : facts.block;
}

bool Planner::is_defined_here(ValueId value) const { return block_of(value) == block_; }

/// The lowest level of this block at which any step may use a scalar or stored value.
int Planner::available(ValueId value) {
  if (is_defined_here(value)) return ready_[value];
  if (!function_.type(value).is_tensor()) region_uses_.values.insert(value);
  return 0;
}

/// The lowest level of this block at which a nest over `wanted.space` may compute the value at
/// `map`. `is_definition`: the value is stored, and this is about filling it.
int Planner::needed(ValueId value, const IndexMap& map, Wanted& wanted, bool is_definition) {
  const ir::Type& type = function_.type(value);
  if (type.is_tensor()) return 0;
  if (!is_definition && type.is_scalar()) return available(value);
  if (!is_definition && stored_[value]) {
    const bool is_beside = is_defined_here(value) && filled_by_[value] && wanted.space != nullptr &&
                           *wanted.space == space_of(type.shape) && map == identity_map(type.shape);
    return is_beside ? plan_.nests[filled_by_[value]].level : available(value);
  }
  const auto known = wanted.known.find({value, map});
  if (known != wanted.known.end()) return known->second;
  const int level = needed_operands(*function_.defining_op(value), map, wanted);
  wanted.known[{value, map}] = level;
  return level;
}

int Planner::needed_operands(const Op& op, const IndexMap& map, Wanted& wanted) {
  if (const auto view = operand_map(function_, op, map)) {
    return needed(op.operands[0], *view, wanted);
  }
  int level = 0;
  if (op.code == OpCode::Load) {
    const auto& access = std::get<ir::AccessAttrs>(op.attributes);
    level = std::max(available(op.operands[ir::op::Load::pad]),
                     is_defined_here(op.results[0]) ? ready_[op.results[0]] : 0);
    std::size_t d = 0;
    for (std::size_t t = 0; t < access.dims.size(); ++t) {
      const bool is_gather = access.dims[t].kind == AccessDim::Kind::Gather;
      const IndexMap index_map = is_gather ? IndexMap{map[d]} : IndexMap();
      level = std::max(level, needed(op.operands[ir::op::Load::indices + t], index_map, wanted));
      if (access.dims[t].kind != AccessDim::Kind::Point) ++d;
    }
    return level;
  }
  for (const ValueId operand : op.operands) level = std::max(level, needed(operand, map, wanted));
  return level;
}

/// Records an evaluation of the value, and of what it is computed from.
void Planner::use(ValueId value, const IndexMap& map, const Use& where, bool is_definition) {
  const ir::Type& type = function_.type(value);
  if (type.is_tensor() || (type.is_scalar() && !is_definition)) return;
  if (!is_definition) {
    Use own = where;
    own.map = map;
    for (const Use& known : uses_[value]) {
      if (known.nest == own.nest && known.map == map && known.level == own.level) return;
    }
    uses_[value].push_back(std::move(own));
    if (stored_[value]) return;
  }
  const Op& op = *function_.defining_op(value);
  if (const auto view = operand_map(function_, op, map)) {
    use(op.operands[0], *view, where);
  } else if (op.code == OpCode::Load) {
    use_indices(op, map, where);
  } else {
    for (const ValueId operand : op.operands) use(operand, map, where);
  }
}

/// The gather indices of an access whose tile is wanted at `map`.
void Planner::use_indices(const Op& op, const IndexMap& map, const Use& where) {
  const auto& access = std::get<ir::AccessAttrs>(op.attributes);
  std::size_t d = 0;
  for (std::size_t t = 0; t < access.dims.size(); ++t) {
    if (access.dims[t].kind == AccessDim::Kind::Gather) {
      use(op.operands[ir::op::Load::indices + t], {map[d]}, where);
    }
    if (access.dims[t].kind != AccessDim::Kind::Point) ++d;
  }
}

/// Simple operations an inline value takes, up to a ceiling; a stored value is one read.
int Planner::cost(ValueId value) {
  constexpr int ceiling = 1000;
  if (function_.type(value).is_scalar()) return 0;
  if (costs_[value] >= 0) return costs_[value];
  const Op* op = function_.defining_op(value);
  int total = 0;
  if (op == nullptr || stored_[value] || op->code == OpCode::Load) {
    total = 1;
  } else {
    const bool is_slow = op->code == OpCode::Div || op->code == OpCode::Sqrt;
    total = is_slow ? 4 : ir::info(op->code).is_elementwise() ? 1 : 0;
    for (const ValueId operand : op->operands) {
      if (function_.type(operand).is_tile()) total = std::min(ceiling, total + cost(operand));
    }
  }
  return costs_[value] = total;
}

/// Whether a nest computes the value more than once per element: a loop that the map does not
/// follow runs outside one that it does.
bool Planner::replicates(const Use& use) const {
  if (use.nest.is_none()) return false;
  const Nest& nest = plan_.nests[use.nest];
  int innermost = -1;
  for (const IndexTerm& term : use.map) innermost = std::max(innermost, term.dim);
  for (int d = 0; d < innermost; ++d) {
    const bool follows = std::ranges::any_of(use.map, [&](IndexTerm t) { return t.dim == d; });
    if (!follows && nest.space[static_cast<std::size_t>(d)] > 1) return true;
  }
  return false;
}

/// The level of `block` at which a use in it, or in a region of one of its ops, happens.
int Planner::level_in(BlockId block, const Use& use) const {
  BlockId at = use.block;
  int level = use.level;
  while (at != block) {
    const OpId owner = function_.blocks[at].owner;
    if (!owner) return level;
    level = op_level_[owner];
    at = block_of_op_[owner];
  }
  return level;
}

}  // namespace tile::schedule
