// Golden tests: IR before and after the pass, as text.
#include "compiler/passes/share_common.h"

#include "compiler/passes/test_support.h"

namespace tile::passes {
namespace {

TEST_CASE("equal ops are shared: commuted, and from outer to inner blocks, not between siblings") {
  CHECK_EQ(after_pass(share_common, in_function("i64", R"(  %0 = add %i, %j : i64
  %1 = add %j, %i : i64
  %2 = sub %i, %j : i64
  %3 = sub %j, %i : i64
  %4 = mul %0, %1 : i64
  %5 = if %b : i64 {
    %6 = add %i, %j : i64
    %7 = neg %6 : i64
    yield %7
  } else {
    %8 = neg %0 : i64
    yield %8
  }
  %9 = neg %0 : i64
  assume %b
  %10 = mul %4, %2 : i64
  %11 = mul %10, %3 : i64
  %12 = mul %11, %5 : i64
  %13 = mul %12, %9 : i64
  yield %13
)")),
           in_function("i64", R"(  %0 = add %i, %j : i64
  %1 = sub %i, %j : i64
  %2 = sub %j, %i : i64
  %3 = mul %0, %0 : i64
  %4 = if %b : i64 {
    %5 = neg %0 : i64
    yield %5
  } else {
    %6 = neg %0 : i64
    yield %6
  }
  %7 = neg %0 : i64
  assume %b
  %8 = mul %3, %1 : i64
  %9 = mul %8, %2 : i64
  %10 = mul %9, %4 : i64
  %11 = mul %10, %7 : i64
  yield %11
)"));
}

TEST_CASE("attributes and types tell ops apart") {
  const std::string text = in_function("bool", R"(  %0 = compare lt %i, %j : bool
  %1 = compare le %i, %j : bool
  %2 = constant 1 : i64
  %3 = constant 1 : i32
  %4 = iota axis=0 : i64[4, 4]
  %5 = iota axis=1 : i64[4, 4]
  %6 = and %0, %1 : bool
  print "" %2, %3, %4, %5
  yield %6
)");
  CHECK_EQ(after_pass(share_common, text), text);
}

TEST_CASE("loads are shared from read-only tensors alone") {
  CHECK_EQ(after_pass(share_common, R"(kernel @k(%a: tensor<f32>[N], %y: inout tensor<f32>[N])
grid {
  %0 = dim %a axis=0 : i64
  yield %0
}
body {
  %i = program_id axis=0 : i64
  %z = constant 0.0 : f32
  %0.1 = load %a[%i masked] fill %z : f32
  %1 = load %a[%i masked] fill %z : f32
  %2 = load %y[%i masked] fill %z : f32
  %3 = load %y[%i masked] fill %z : f32
  print "" %0.1, %1, %2, %3
  yield
}
)"),
           R"(kernel @k(%a: tensor<f32>[N], %y: inout tensor<f32>[N])
grid {
  %0 = dim %a axis=0 : i64
  yield %0
}
body {
  %i = program_id axis=0 : i64
  %z = constant 0.0 : f32
  %1 = load %a[%i masked] fill %z : f32
  %2 = load %y[%i masked] fill %z : f32
  %3 = load %y[%i masked] fill %z : f32
  print "" %1, %1, %2, %3
  yield
}
)");
}

}  // namespace
}  // namespace tile::passes
