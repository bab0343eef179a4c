// The rules of element types and shapes, apart from the walk: which element types an op takes, how
// two shapes meet, how large a tile may be. Pure functions; reports are the callers' business.
#pragma once

#include <optional>
#include <string>

#include "compiler/ir/op.h"
#include "compiler/ir/type.h"

namespace tile::sema {

/// Elements a tile may have.
constexpr std::int64_t max_tile_elements = std::int64_t{1} << 31;

/// The common shape of element-wise operands: equal shapes, a scalar with anything, or equal ranks
/// where extents are equal or 1. Nothing when they do not fit.
std::optional<ir::Shape> broadcast_shapes(const ir::Shape& a, const ir::Shape& b);

/// May `code` work on this element type? (Compare, Select and casts take all.)
bool accepts(ir::OpCode code, ir::ElementType element);

/// "integers", "f32", "integers and f32", "bool and integers": what `accepts` says, in words.
std::string accepted_words(ir::OpCode code);

bool can_bitcast(ir::ElementType from, ir::ElementType to);

/// Does the integer fit the (integer) element type? U64 takes what i64 holds, from 0 on.
bool fits(std::int64_t value, ir::ElementType element);

/// What is wrong with a tile of these extents, in words; empty when nothing is.
std::string extent_problem(const ir::Shape& shape);

}  // namespace tile::sema
