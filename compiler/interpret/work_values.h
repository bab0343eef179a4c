// What the counter of work (work.h) knows of values, and what single ops make of that.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "compiler/ir/function.h"

namespace tile::interpret {

inline constexpr std::size_t max_tile_rank = 16;
/// How many elements of a tile along each dimension come from inside a tensor. `any`: as many as
/// one likes, for what comes from no tensor or is repeated.
using Extents = std::array<std::int64_t, max_tile_rank>;
inline constexpr std::int64_t any = -1;

inline constexpr Extents all_any = [] {
  Extents extents{};
  extents.fill(any);
  return extents;
}();

/// What is known of a value: a scalar integer, unless it depends on data, or a tile's extents.
struct Known {
  std::optional<std::int64_t> number;
  Extents extents = all_any;
  bool is_looked_up = false;  // computed from integers of a tensor, which are not known
};

/// The lesser, where both are known.
std::int64_t least(std::int64_t a, std::int64_t b);
/// `whole` for any.
std::int64_t extent_or(std::int64_t extent, std::int64_t whole);
double element_count(const Extents& extents, const ir::Type& type);

/// Operations on each element of the result; 0 for what moves or compares.
double flops_of(ir::OpCode code);

/// Of an op without effects and of at most three operands.
using Operands = std::array<const Known*, 3>;
/// A scalar integer's; program_id and dim are the caller's.
std::optional<std::int64_t> integer_of(const ir::Function& function, const ir::Op& op,
                                       const Operands& operands);
Extents extents_of(const ir::Function& function, const ir::Op& op, const Operands& operands);

}  // namespace tile::interpret
