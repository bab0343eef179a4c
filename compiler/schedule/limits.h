// Which elements of a tile anyone looks at. A tile that overhangs its tensor is computed only up to
// the tensor's end when every use agrees on that end: stores demand what they write, and the demand
// flows backward through element-wise ops, views, reductions, dots and loops.
#pragma once

#include <vector>

#include "compiler/ir/function.h"

namespace tile::schedule {

/// The elements e of a dimension with start + e < size, where start >= 0. None: all elements.
struct Limit {
  ir::ValueId start;
  int parameter = -1;  // where the size is found; one place per size symbol, so limits compare
  int dimension = 0;

  bool is_none() const { return parameter < 0; }
  bool operator==(const Limit&) const = default;
};

/// True when the scalar is provably >= 0 (sizes, program ids, loop indices, and sums of such).
bool is_never_negative(const ir::Function& function, ir::ValueId value);

/// True when the scalar depends only on arguments of blocks, sizes and program ids, not on memory
/// or control flow, so that it can be computed at the start of the block it is in.
bool is_early(const ir::Function& function, ir::ValueId value);

/// The limit that a Load or Store obeys along dimension `d` of its tile; none if unmasked or not a
/// range with a start >= 0.
Limit access_limit(const ir::Function& function, const ir::Op& op, std::size_t d);

/// Per value and dimension: the demanded limit, none for all elements.
using Limits = EntityVector<ir::ValueId, std::vector<Limit>>;
Limits demanded_limits(const ir::Function& function);

/// The limit beyond which every element along dimension d is provably zero (the tile is built from
/// loads padded with zero), so that a sum may stop there; none if there is no such limit.
Limit zero_limit(const ir::Function& function, ir::ValueId value, std::size_t d);

}  // namespace tile::schedule
