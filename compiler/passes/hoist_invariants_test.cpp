// Golden tests: IR before and after the pass, as text.
#include "compiler/passes/hoist_invariants.h"

#include "compiler/passes/test_support.h"

namespace tile::passes {
namespace {

TEST_CASE("invariant ops leave both loops, others only the one they do not depend on") {
  CHECK_EQ(after_pass(hoist_invariants, in_function("i64", R"(  %one = constant 1 : i64
  %r = for %k = %i to %j step %one carry (%a = %i) : i64 {
    %s = for %m = %i to %j step %one carry (%d = %a) : i64 {
      %0 = mul %i, %j : i64
      %1 = mul %k, %0 : i64
      %2 = mul %m, %1 : i64
      %3 = add %d, %2 : i64
      yield %3
    }
    assume %b
    yield %s
  }
  yield %r
)")),
           in_function("i64", R"(  %one = constant 1 : i64
  %0 = mul %i, %j : i64
  %r = for %k = %i to %j step %one carry (%a = %i) : i64 {
    %1 = mul %k, %0 : i64
    %s = for %m = %i to %j step %one carry (%d = %a) : i64 {
      %2 = mul %m, %1 : i64
      %3 = add %d, %2 : i64
      yield %3
    }
    assume %b
    yield %s
  }
  yield %r
)"));
}

TEST_CASE("a pure if moves as a whole; one that uses the loop variable, and a while, stay") {
  CHECK_EQ(after_pass(hoist_invariants, in_function("i64", R"(  %one = constant 1 : i64
  %r = for %k = %i to %j step %one carry (%a = %i) : i64 {
    %0 = if %b : i64 {
      %1 = neg %j : i64
      yield %1
    } else {
      yield %j
    }
    %2 = if %b : i64 {
      %3 = add %j, %0 : i64
      yield %3
    } else {
      yield %k
    }
    %4 = while carry (%w = %i) : i64 {
      yield %b
    } do (%w.1) {
      yield %j
    }
    yield %4
  }
  yield %r
)")),
           in_function("i64", R"(  %one = constant 1 : i64
  %0 = if %b : i64 {
    %1 = neg %j : i64
    yield %1
  } else {
    yield %j
  }
  %r = for %k = %i to %j step %one carry (%a = %i) : i64 {
    %2 = if %b : i64 {
      %3 = add %j, %0 : i64
      yield %3
    } else {
      yield %k
    }
    %4 = while carry (%w = %i) : i64 {
      yield %b
    } do (%w.1) {
      yield %j
    }
    yield %4
  }
  yield %r
)"));
}

TEST_CASE("of loads, scalar ones from read-only tensors move") {
  const std::string text = after_pass(hoist_invariants,
                                      R"(kernel @k(%a: tensor<f32>[N], %y: inout tensor<f32>[N])
grid {
  %0 = dim %a axis=0 : i64
  yield %0
}
body {
  %i = program_id axis=0 : i64
  %z = constant 0.0 : f32
  %one = constant 1 : i64
  for %k = %i to %i step %one {
    %0.1 = load %a[%i masked] fill %z : f32
    %1 = load %a[%i +: 8 masked] fill %z : f32[8]
    %2 = load %y[%i masked] fill %z : f32
    print "" %0.1, %1, %2
    yield
  }
  yield
}
)");
  CHECK(text.find("  %1 = load %a[%i masked] fill %z : f32\n  for") != std::string::npos);
  CHECK(text.find("step %one {\n    %2 = load %a[%i +: 8 masked]") != std::string::npos);
  CHECK(text.find("    %3 = load %y[%i masked]") != std::string::npos);
}

}  // namespace
}  // namespace tile::passes
