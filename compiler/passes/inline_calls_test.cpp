// Golden tests: IR before and after the pass, as text.
#include "compiler/passes/inline_calls.h"

#include "compiler/passes/test_support.h"

namespace tile::passes {
namespace {

constexpr std::string_view callees = R"(function @twice(%v: f32) -> (f32)
body {
  %0 = add %v, %v : f32
  yield %0
}

function @unused(%v: f32) -> (f32)
body {
  yield %v
}

function @loop(%v: f32, %n: i64) -> (f32) noinline
body {
  %0 = constant 0 : i64
  %1 = constant 1 : i64
  %r = for %i = %0 to %n step %1 carry (%a = %v) : f32 {
    %2 = call @twice#0(%a) : f32
    yield %2
  }
  yield %r
}

function @both(%v: f32, %n: i64) -> (f32, f32)
body {
  %0 = call @loop#2(%v, %n) : f32
  %1 = call @twice#0(%0) : f32
  yield %1, %v
}

)";

TEST_CASE("calls are replaced by bodies, transitively; noinline callees stay") {
  const std::string text = std::string(callees) + R"(kernel @k(%y: out tensor<f32>[N], %s: f32)
grid {
  %0 = dim %y axis=0 : i64
  yield %0
}
body {
  %i = program_id axis=0 : i64
  %p, %q = call @both#3(%s, %i) : (f32, f32)
  %r, %t = call @both#3(%p, %i) : (f32, f32)
  store %y[%i masked] = %r
  yield
}
)";
  CHECK_EQ(after_module_pass(inline_calls, text),
           R"(function @loop(%v: f32, %n: i64) -> (f32) noinline
body {
  %0 = constant 0 : i64
  %1 = constant 1 : i64
  %r = for %i = %0 to %n step %1 carry (%a = %v) : f32 {
    %2 = add %a, %a : f32
    yield %2
  }
  yield %r
}

kernel @k(%y: out tensor<f32>[N], %s: f32)
grid {
  %0 = dim %y axis=0 : i64
  yield %0
}
body {
  %i = program_id axis=0 : i64
  %1 = call @loop#0(%s, %i) : f32
  %2 = add %1, %1 : f32
  %3 = call @loop#0(%2, %i) : f32
  %4 = add %3, %3 : f32
  store %y[%i masked] = %4
  yield
}
)");
}

TEST_CASE("regions of a callee are copied") {
  CHECK_EQ(after_module_pass(inline_calls, R"(function @pick(%b: bool, %v: f32) -> (f32)
body {
  %0 = if %b : f32 {
    %1 = neg %v : f32
    yield %1
  } else {
    yield %v
  }
  yield %0
}

kernel @k(%y: out tensor<f32>[N], %s: f32, %c: bool)
grid {
  %0 = constant 1 : i64
  yield %0
}
body {
  %0.1 = call @pick#0(%c, %s) : f32
  yield
}
)"),
           R"(kernel @k(%y: out tensor<f32>[N], %s: f32, %c: bool)
grid {
  %0 = constant 1 : i64
  yield %0
}
body {
  %1 = if %c : f32 {
    %2 = neg %s : f32
    yield %2
  } else {
    yield %s
  }
  yield
}
)");
}

}  // namespace
}  // namespace tile::passes
