// Compile-time arithmetic at the ends of 64 bits, and the integers of settings.
#include "compiler/sema/const_eval.h"

#include <doctest/doctest.h>

#include <limits>

namespace tile::sema {
namespace {

constexpr std::int64_t highest = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t lowest = std::numeric_limits<std::int64_t>::min();

TEST_CASE("arithmetic that leaves 64 bits is a problem") {
  CHECK(fold_integers(BinaryOp::Add, highest, 1).problem == FoldProblem::Overflow);
  CHECK(fold_integers(BinaryOp::Subtract, lowest, 1).problem == FoldProblem::Overflow);
  CHECK(fold_integers(BinaryOp::Multiply, highest, 2).problem == FoldProblem::Overflow);
  CHECK(fold_integers(BinaryOp::Divide, lowest, -1).problem == FoldProblem::Overflow);
  CHECK(fold_integers(BinaryOp::Remainder, lowest, -1).problem == FoldProblem::Overflow);
  CHECK(fold_integers(BinaryOp::Divide, 1, 0).problem == FoldProblem::DivideByZero);
  CHECK(fold_integers(BinaryOp::Remainder, 1, 0).problem == FoldProblem::DivideByZero);
}

TEST_CASE("division truncates, shifts stay inside") {
  CHECK(fold_integers(BinaryOp::Divide, -7, 2).value == -3);
  CHECK(fold_integers(BinaryOp::Remainder, -7, 2).value == -1);
  CHECK(fold_integers(BinaryOp::ShiftLeft, 1, 62).value == std::int64_t{1} << 62);
  CHECK(fold_integers(BinaryOp::ShiftLeft, 1, 63).problem == FoldProblem::Overflow);
  CHECK(fold_integers(BinaryOp::ShiftLeft, 0, 63).value == 0);
  CHECK(fold_integers(BinaryOp::ShiftLeft, 1, -1).problem == FoldProblem::Overflow);
  CHECK(fold_integers(BinaryOp::ShiftRight, -8, 1).value == -4);
  CHECK(fold_integers(BinaryOp::BitXor, 6, 3).value == 5);
}

TEST_CASE("comparisons") {
  CHECK(fold_comparison(BinaryOp::LessEqual, 3, 3));
  CHECK(!fold_comparison(BinaryOp::Less, 3, 3));
  CHECK(is_comparison(BinaryOp::NotEqual));
  CHECK(!is_comparison(BinaryOp::And));
}

TEST_CASE("integers as text") {
  CHECK(parse_integer("64") == 64);
  CHECK(parse_integer("-0x10") == -16);
  CHECK(parse_integer("9223372036854775807") == highest);
  CHECK(parse_integer("-9223372036854775808") == lowest);
  CHECK(!parse_integer("9223372036854775808"));
  CHECK(!parse_integer("12x"));
  CHECK(!parse_integer(""));
  CHECK(!parse_integer("-"));
  CHECK(!parse_integer("1 "));
}

}  // namespace
}  // namespace tile::sema
