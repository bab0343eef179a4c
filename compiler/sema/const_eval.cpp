// See const_eval.h.
#include "compiler/sema/const_eval.h"

#include <charconv>
#include <limits>

namespace tile::sema {

namespace {

constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();

Folded divide(std::int64_t lhs, std::int64_t rhs, bool is_remainder) {
  if (rhs == 0) return {0, FoldProblem::DivideByZero};
  if (lhs == lowest && rhs == -1) return {0, FoldProblem::Overflow};
  return {is_remainder ? lhs % rhs : lhs / rhs};
}

Folded shift(std::int64_t lhs, std::int64_t rhs, bool is_left) {
  if (rhs < 0 || rhs > 63) return {0, FoldProblem::Overflow};
  if (!is_left) return {lhs >> rhs};
  std::int64_t result = 0;
  if (rhs == 63 ? lhs != 0 : __builtin_mul_overflow(lhs, std::int64_t{1} << rhs, &result)) {
    return {0, FoldProblem::Overflow};
  }
  return {result};
}

}  // namespace

Folded fold_integers(BinaryOp op, std::int64_t lhs, std::int64_t rhs) {
  std::int64_t result = 0;
  bool overflows = false;
  switch (op) {
    case BinaryOp::Add: overflows = __builtin_add_overflow(lhs, rhs, &result); break;
    case BinaryOp::Subtract: overflows = __builtin_sub_overflow(lhs, rhs, &result); break;
    case BinaryOp::Multiply: overflows = __builtin_mul_overflow(lhs, rhs, &result); break;
    case BinaryOp::Divide: return divide(lhs, rhs, false);
    case BinaryOp::Remainder: return divide(lhs, rhs, true);
    case BinaryOp::BitOr: result = lhs | rhs; break;
    case BinaryOp::BitXor: result = lhs ^ rhs; break;
    case BinaryOp::BitAnd: result = lhs & rhs; break;
    case BinaryOp::ShiftLeft: return shift(lhs, rhs, true);
    case BinaryOp::ShiftRight: return shift(lhs, rhs, false);
    case BinaryOp::Or: case BinaryOp::And: case BinaryOp::Equal: case BinaryOp::NotEqual:
    case BinaryOp::Less: case BinaryOp::LessEqual: case BinaryOp::Greater:
    case BinaryOp::GreaterEqual:
      TILE_UNREACHABLE("not integer arithmetic");
  }
  return {result, overflows ? FoldProblem::Overflow : FoldProblem::None};
}

bool is_comparison(BinaryOp op) {
  return op >= BinaryOp::Equal && op <= BinaryOp::GreaterEqual;
}

bool fold_comparison(BinaryOp op, std::int64_t lhs, std::int64_t rhs) {
  switch (op) {
    case BinaryOp::Equal: return lhs == rhs;
    case BinaryOp::NotEqual: return lhs != rhs;
    case BinaryOp::Less: return lhs < rhs;
    case BinaryOp::LessEqual: return lhs <= rhs;
    case BinaryOp::Greater: return lhs > rhs;
    case BinaryOp::GreaterEqual: return lhs >= rhs;
    case BinaryOp::Or: case BinaryOp::And: case BinaryOp::BitOr: case BinaryOp::BitXor:
    case BinaryOp::BitAnd: case BinaryOp::ShiftLeft: case BinaryOp::ShiftRight:
    case BinaryOp::Add: case BinaryOp::Subtract: case BinaryOp::Multiply: case BinaryOp::Divide:
    case BinaryOp::Remainder:
      break;
  }
  TILE_UNREACHABLE("not a comparison");
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  int base = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    base = 16;
    text.remove_prefix(2);
  }
  std::uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  std::uint64_t limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (value > limit + (is_negative ? 1 : 0)) return std::nullopt;
  return is_negative ? static_cast<std::int64_t>(~value + 1) : static_cast<std::int64_t>(value);
}

}  // namespace tile::sema
