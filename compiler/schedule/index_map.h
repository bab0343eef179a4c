// How an element of a tile is named from inside a loop nest. A nest runs over a space: the extents
// above 1 of the tiles it computes. Each dimension of a tile follows one loop of the nest, or stays
// at a constant. Broadcast, permute, slice and reshapes that only move extents of 1 are views: they
// compute nothing and merely rewrite the map on the way to their operand.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <vector>

#include "compiler/ir/function.h"

namespace tile::schedule {

/// One index: that of loop `dim` of the nest (none when -1) plus a constant.
struct IndexTerm {
  int dim = -1;
  std::int64_t offset = 0;
  auto operator<=>(const IndexTerm&) const = default;
};

/// One term per dimension of the tile. A dimension of extent 1 always has the term {-1, 0}.
using IndexMap = std::vector<IndexTerm>;

/// The extents above 1.
ir::Shape space_of(const ir::Shape& shape);

/// Element e of the tile is computed at loop index e.
IndexMap identity_map(const ir::Shape& shape);

/// For a view op whose result is wanted at `map`: the map of its operand. Nothing for other ops.
std::optional<IndexMap> operand_map(const ir::Function& function, const ir::Op& op,
                                    const IndexMap& map);

/// Whether the op is one that operand_map sees through.
bool is_view(const ir::Function& function, const ir::Op& op);

/// The position of a tensor among the kernel's tensor parameters (stride classes are listed so).
std::size_t tensor_number(const ir::Function& function, ir::ValueId tensor);

}  // namespace tile::schedule
