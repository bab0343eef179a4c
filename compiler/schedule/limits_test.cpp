// Tests of what the planner knows of indices: maps through views, limits of accesses and demands.
#include "compiler/schedule/limits.h"

#include <doctest/doctest.h>

#include <string>

#include "compiler/ir/reader.h"
#include "compiler/schedule/index_map.h"

using namespace tile;
using namespace tile::schedule;

namespace {

/// y = exp-like chain of x, both cut at N; `late` starts where memory says.
constexpr const char* text =
    R"(kernel @k(%x: tensor<f32>[N], %s: tensor<i64>[], %y: out tensor<f32>[N])
grid {
  %0 = constant 1 : i64
  yield %0
}
body {
  %i = program_id axis=0 : i64
  %c = constant 64 : i64
  %start = mul %i, %c : i64
  %before = sub %start, %c : i64
  %zero = constant 0.0 : f32
  %none = constant 0 : i64
  %late = load %s[] fill %none : i64
  %a = load %x[%start +: 64 masked] fill %zero : f32[64]
  %b = load %x[%before +: 64 masked] pad %zero : f32[64]
  %square = mul %a, %a : f32[64]
  %sum = add %square, %b : f32[64]
  store %y[%start +: 64 masked] = %sum
  yield
}
)";

ir::ValueId named(const ir::Function& function, std::string_view name) {
  for (std::uint32_t v = 0; v < function.values.size(); ++v) {
    if (function.values[ir::ValueId{v}].name == name) return ir::ValueId{v};
  }
  FAIL("no value of that name");
  return {};
}

}  // namespace

TEST_CASE("limits flow from stores to what they are computed from") {
  const auto module = ir::read_module(text);
  REQUIRE(module.has_value());
  const ir::Function& function = module->functions[module->kernel];
  const auto value = [&](std::string_view name) { return named(function, name); };
  CHECK(is_never_negative(function, value("start")));
  CHECK_FALSE(is_never_negative(function, value("before")));
  CHECK(is_early(function, value("start")));
  CHECK_FALSE(is_early(function, value("late")));
  const Limits limits = demanded_limits(function);
  for (const char* name : {"sum", "square", "a", "b"}) {
    CAPTURE(name);
    CHECK(limits[value(name)][0] == Limit{value("start"), 0, 0});
  }
  // Squares of padded elements are zero; what may start before the tensor has no such end.
  CHECK(zero_limit(function, value("square"), 0) == Limit{value("start"), 0, 0});
  CHECK(zero_limit(function, value("sum"), 0).is_none());
}

TEST_CASE("a long polynomial without a limit is walked once") {
  std::string long_text = text;
  std::string chain = "  %p0 = mul %b, %a : f32[64]\n";
  constexpr int levels = 64;  // two walks a level would never end
  for (int i = 1; i <= levels; ++i) {
    chain += "  %p" + std::to_string(i) + " = mul %p" + std::to_string(i - 1) + ", %a : f32[64]\n";
  }
  long_text.insert(long_text.find("  store"), chain);
  const auto module = ir::read_module(long_text);
  REQUIRE(module.has_value());
  const ir::Function& function = module->functions[module->kernel];
  CHECK(zero_limit(function, named(function, "p64"), 0).is_none());
}

TEST_CASE("an extent of 1 has no loop, and its index is constant") {
  CHECK(space_of({1, 8, 1, 4}) == ir::Shape{8, 4});
  const IndexMap map = identity_map({1, 8, 1, 4});
  CHECK(map == IndexMap{{-1, 0}, {0, 0}, {-1, 0}, {1, 0}});
}
