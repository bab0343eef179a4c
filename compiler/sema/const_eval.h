// Arithmetic on compile-time values: 64-bit integers that must not overflow, and booleans. Used for
// extents, `if const`, `static_assert` and the values of schedules.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "compiler/parse/ast.h"

namespace tile::sema {

enum class FoldProblem : std::uint8_t { None, Overflow, DivideByZero };

struct Folded {
  std::int64_t value = 0;
  FoldProblem problem = FoldProblem::None;
};

/// Arithmetic and bit operations; division truncates. `op` is none of the comparisons, `||`, `&&`.
Folded fold_integers(BinaryOp op, std::int64_t lhs, std::int64_t rhs);
bool fold_comparison(BinaryOp op, std::int64_t lhs, std::int64_t rhs);
bool is_comparison(BinaryOp op);

/// Decimal or 0x literal with an optional sign, as after `--set`; nothing when malformed or too
/// large.
std::optional<std::int64_t> parse_integer(std::string_view text);

}  // namespace tile::sema
