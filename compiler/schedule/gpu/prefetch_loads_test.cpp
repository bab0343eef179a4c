// Early loads, on modules given as text.
#include "compiler/schedule/gpu/prefetch_loads.h"

#include <doctest/doctest.h>

#include <string>

#include "compiler/ir/reader.h"
#include "compiler/ir/verifier.h"

namespace ir = tile::ir;

namespace {

constexpr std::string_view head = R"(kernel @f(%x: tensor<f32>[N], %y: inout tensor<f32>[N])
grid {
  %one = constant 1 : i64
  yield %one
}
body {
  %zero = constant 0 : i64
  %width = constant 64 : i64
  %n = dim %x axis=0 : i64
  %pad = constant 0.0 : f32
  %init = constant 0.0 : f32[8, 8]
)";

std::string prefetched(std::string_view body, std::int64_t budget) {
  auto module = ir::read_module(std::string(head) + std::string(body) + "}\n");
  REQUIRE_MESSAGE(module.has_value(), (module ? "" : module.error().message));
  tile::schedule::prefetch_loads(module->functions[module->kernel], budget);
  const auto problem = ir::verify(*module);
  CHECK_MESSAGE(!problem, problem.value_or(""));
  const std::string text = ir::print(*module);
  return text.substr(text.find("  %init"));
}

constexpr std::string_view squares =
    R"(  %total = for %i = %zero to %n step %width carry (%acc = %init) : f32[8, 8] {
    %v = load %x[%i +: 64] pad %pad : f32[64]
    %w = reshape %v : f32[8, 8]
    %next = dot fp32 %w, %w, %acc : f32[8, 8]
    yield %next
  }
  yield
)";

}  // namespace

TEST_CASE("a load that depends on the index alone is carried from the turn before") {
  CHECK_EQ(prefetched(squares, 64), R"(  %init = constant 0.0 : f32[8, 8]
  %v = load %x[%zero +: 64 masked] pad %pad : f32[64]
  %total, %0 = for %i = %zero to %n step %width carry (%acc = %init, %v.1 = %v) : (f32[8, 8], f32[64]) {
    %1 = add %i, %width : i64
    %v.2 = load %x[%1 +: 64 masked] pad %pad : f32[64]
    %w = reshape %v.1 : f32[8, 8]
    %next = dot fp32 %w, %w, %acc : f32[8, 8]
    yield %next, %v.2
  }
  yield
}
)");
}

TEST_CASE("a load beyond the budget stays") {
  CHECK(prefetched(squares, 63).find("masked") == std::string::npos);
}

TEST_CASE("a load that a reduction waits for is carried as well") {
  CHECK(prefetched(R"(  %total = for %i = %zero to %n step %width carry (%acc = %pad) : f32 {
    %v = load %x[%i +: 64] pad %pad : f32[64]
    %s = reduce sum %v axis=0 : f32
    yield %s
  }
  yield
)",
                   64)
            .find("%v.2 = load %x[") != std::string::npos);
}

TEST_CASE("a loop without a dot or a reduction keeps its loads") {
  CHECK(prefetched(R"(  %total = for %i = %zero to %n step %width carry (%at = %zero) : i64 {
    %v = load %x[%i +: 64] pad %pad : f32[64]
    store %y[%i +: 64] = %v
    yield %i
  }
  yield
)",
                   1000)
            .find("masked") == std::string::npos);
}

TEST_CASE("a load from a tensor that the kernel writes, or at a carried place, stays") {
  CHECK(prefetched(R"(  %total = for %i = %zero to %n step %width carry (%at = %zero) : i64 {
    %v = load %x[%at +: 64] pad %pad : f32[64]
    store %y[%i +: 64] = %v
    %w = load %y[%i +: 64] pad %pad : f32[64]
    store %y[%i +: 64] = %w
    %s = reduce sum %v axis=0 : f32
    %next = add %at, %i : i64
    yield %next
  }
  yield
)",
                   1000)
            .find("masked") == std::string::npos);
}
