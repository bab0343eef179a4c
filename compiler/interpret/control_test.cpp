// Loops, branches, calls, checks and real mode.
#include <cmath>

#include <fmt/format.h>

#include "compiler/interpret/test_kernels.h"

namespace tile::interpret {
namespace {

using enum InterpretError::Kind;

/// One program over y with a given body; functions may stand before it.
std::string kernel(std::string_view body, std::string_view functions = "") {
  return fmt::format(
      R"({}kernel @k(%y: inout tensor<f32>[4], %n: i64, %s: f32)
grid {{
  %g0 = constant 1 : i64
  yield %g0
}}
body {{
  %0 = constant 0 : i64
  %1 = constant 1 : i64
  %fill = constant 0.0 : f32
  {}
  yield
}}
)",
      functions, body);
}

std::vector<Argument> arguments(std::vector<float>& y, std::int64_t n, float s = 0) {
  return {tensor_of(y), ir::Scalar::from_int(ir::ElementType::I64, n), ir::Scalar::from_float(s)};
}

TEST_CASE("carried values may swap") {
  std::vector<float> y = {1, 2, 3, 4};
  const std::string text = kernel(R"(%two = constant 2 : i64
  %a = load %y[%0 +: 2] fill %fill : f32[2]
  %b = load %y[%two +: 2] fill %fill : f32[2]
  %p, %q = for %k = %0 to %n step %1 carry (%u = %a, %v = %b) : (f32[2], f32[2]) {
    yield %v, %u
  }
  store %y[%0 +: 2] = %p
  store %y[%two +: 2] = %q)");
  run(text, arguments(y, 3));
  CHECK_EQ(y, std::vector<float>{3, 4, 1, 2});
  run(text, arguments(y, 0));
  CHECK_EQ(y, std::vector<float>{3, 4, 1, 2});
}

TEST_CASE("while, nested in if, with values from outside") {
  // n even: y[0] = the first power of two not below s; else s.
  const std::string text = kernel(R"(%two = constant 2 : i64
  %m = rem %n, %two : i64
  %even = compare eq %m, %0 : bool
  %one = constant 1.0 : f32
  %r = if %even : f32 {
    %w = while carry (%v = %one) : f32 {
      %below = compare lt %v, %s : bool
      yield %below
    } do (%v.1) {
      %next = add %v.1, %v.1 : f32
      yield %next
    }
    yield %w
  } else {
    yield %s
  }
  store %y[%0] = %r)");
  std::vector<float> y(4);
  run(text, arguments(y, 2, 100));
  CHECK_EQ(y[0], 128);
  run(text, arguments(y, 3, 100));
  CHECK_EQ(y[0], 100);
}

TEST_CASE("tiles that live across nested loops keep their buffers") {
  std::vector<float> y = {1, 2, 3, 4};
  run(kernel(R"(%a = load %y[%0 +: 4] fill %fill : f32[4]
  %b = add %a, %a : f32[4]
  %r = for %i = %0 to %n step %1 carry (%u = %a) : f32[4] {
    %c = add %u, %b : f32[4]
    %in = for %j = %0 to %n step %1 carry (%v = %c) : f32[4] {
      %d = sub %v, %a : f32[4]
      %e = add %d, %u : f32[4]
      yield %e
    }
    %f = sub %in, %c : f32[4]
    %g = add %f, %u : f32[4]
    yield %g
  }
  %h = add %r, %b : f32[4]
  store %y[%0 +: 4] = %h)"),
      arguments(y, 3));
  // Each inner loop adds 3 (u - a); u starts at a and u' = 3 (u - a) + u = a.
  CHECK_EQ(y, std::vector<float>{3, 6, 9, 12});
}

constexpr std::string_view square = R"(function @square(%x: f32[4]) -> (f32[4])
body {
  %x2 = mul %x, %x : f32[4]
  yield %x2
}

)";

TEST_CASE("calls, twice") {
  std::vector<float> y = {1, 2, 3, 4};
  run(kernel(R"(%a = load %y[%0 +: 4] fill %fill : f32[4]
  %b = call @square#0(%a) : f32[4]
  %c = call @square#0(%b) : f32[4]
  %d = sub %c, %b : f32[4]
  store %y[%0 +: 4] = %d)",
             square),
      arguments(y, 0));
  CHECK_EQ(y, std::vector<float>{0, 12, 72, 240});
}

TEST_CASE("assume, assert and print") {
  std::vector<float> y(4);
  const std::string assume = kernel("%ok = compare gt %n, %0 : bool\n  assume %ok");
  run(assume, arguments(y, 1));
  CHECK_EQ(failure(assume, arguments(y, 0), FailedAssume),
           "kernel `k`: an assumption does not hold in program (0)");
  const std::string assertion = kernel(R"(%i = iota axis=0 : i64[4]
  %m = broadcast %n : i64[4]
  %ok = compare lt %i, %m : bool[4]
  assert "lengths fit" %ok)");
  run(assertion, arguments(y, 4));
  CHECK_EQ(failure(assertion, arguments(y, 2), FailedAssert),
           "kernel `k`: assert failed in program (0) at element 2: lengths fit");
  std::string printed;
  Options options;
  options.print = [&](std::string_view line) { printed += fmt::format("{}\n", line); };
  run(kernel("%i = iota axis=0 : i64[4]\n  print \"n and i\" %n, %i, %s"), arguments(y, 7, 0.5f),
      options);
  CHECK_EQ(printed, "program (0): n and i 7 i64[4]{0, 1, 2, 3} 0.5\n");
}

TEST_CASE("an endless loop is stopped") {
  std::vector<float> y(4);
  failure(kernel(R"(%true = constant true : bool
  while {
    yield %true
  } do () {
    yield
  })"),
          arguments(y, 0), Endless, {.max_ops = 1000});
}

constexpr std::string_view exponential = R"(function @exp(%x: f32[4]) -> (f32[4]) real exp
body {
  %b = bitcast %x : i32[4]
  %f = bitcast %b : f32[4]
  yield %f
}

)";

TEST_CASE("real mode: doubles everywhere, real meanings for bodies, no bitcasts") {
  const std::string text = kernel(R"(%a = load %y[%0 +: 4] fill %fill : f32[4]
  %b = call @exp#0(%a) : f32[4]
  %t = broadcast %s : f32[4]
  %c = mul %b, %t : f32[4]
  store %y[%0 +: 4] = %c)",
                                  exponential);
  std::vector<double> y = {0, 1, -1, 0.1};
  std::vector<double> expected;
  for (double value : y) expected.push_back(std::exp(value) * 0.3);
  run(text, {tensor_of(y), ir::Scalar::from_int(ir::ElementType::I64, 0), 0.3},
      {.real_mode = true});
  CHECK_EQ(y, expected);
  const std::string bits = kernel(R"(%b = bitcast %s : i32
  %f = bitcast %b : f32
  store %y[%0] = %f)");
  failure(bits, {tensor_of(y), ir::Scalar::from_int(ir::ElementType::I64, 0), 0.3}, NotReal,
          {.real_mode = true});
}

}  // namespace
}  // namespace tile::interpret
