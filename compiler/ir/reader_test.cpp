// Text form: what is printed reads back to the same text, and malformed text gets an error with a
// line.
#include "compiler/ir/reader.h"

#include <doctest/doctest.h>

#include "compiler/ir/printer.h"
#include "compiler/ir/verifier.h"

namespace tile::ir {
namespace {

void check_round_trip(std::string_view text) {
  const auto module = read_module(text);
  REQUIRE_MESSAGE(module.has_value(), module.error().line, ": ", module.error().message);
  CHECK_EQ(print(*module), text);
  CHECK_EQ(verify(*module).value_or("sound"), "sound");
}

TEST_CASE("a matmul kernel round-trips") {
  check_round_trip(
      R"(kernel @matmul<BM=4, P=fp32>(%a: tensor<f32>[M, K], %b: tensor<f32>[K, 8], %c: out tensor<f32>[M, 8])
grid {
  %0 = dim %a axis=0 : i64
  %1 = constant 4 : i64
  %2 = div %0, %1 : i64
  yield %2
}
body {
  %i = program_id axis=0 : i64
  %3 = constant 4 : i64
  %4 = mul %i, %3 : i64
  %zero = constant 0.0 : f32
  %5 = broadcast %zero : f32[4, 8]
  %6 = constant 0 : i64
  %7 = dim %a axis=1 : i64
  %acc = for %k = %6 to %7 step %3 carry (%acc.1 = %5) : f32[4, 8] {
    %8 = load %a[%4 +: 4 masked, %k +: 4] fill %zero : f32[4, 4]
    %9 = load %b[%k +: 4 masked, %6 +: 8] pad %zero : f32[4, 8]
    %10 = dot tf32 %8, %9, %acc.1 : f32[4, 8]
    yield %10
  }
  store %c[%4 +: 4 masked, %6 +: 8] = %acc
  yield
}
)");
}

TEST_CASE("every kind of attribute round-trips") {
  check_round_trip(
      R"(function @f<T=f32>(%x: f32[4, 8], %ok: bool) -> (f32[4], i64[4, 8]) noinline real f
body {
  %0 = iota axis=1 : i64[4, 8]
  %1 = compare ge %0, %0 : bool[4, 8]
  %2 = permute %x order=[1, 0] : f32[8, 4]
  %3 = slice %2 offsets=[4, 1] : f32[4, 2]
  %4 = concat %3, %3 axis=1 : f32[4, 4]
  %5 = reduce argmax %x axis=0 : i64[8]
  %6 = scan max %x axis=1 reverse : f32[4, 8]
  %7, %8 = reduce custom %x, %0 axis=1 : (f32[4], i64[4]) combine (%left, %left.1, %right, %right.1) {
    %9 = add %left, %right : f32
    yield %9, %left.1
  }
  %10 = scan custom %x axis=0 : f32[4, 8] combine (%left.2, %right.2) {
    yield %left.2
  }
  %11 = constant 0x7fc00000 : f32
  %12 = constant 18446744073709551615 : u64
  %13 = constant -1 : i8
  %14 = constant true : bool
  assume %ok
  assert "he said \"no\"\n" %ok
  print "x" %x, %7
  print ""
  yield %7, %0
}

function @caller(%x: f32[4, 8], %ok: bool) -> (f32[4])
body {
  %0, %1 = call @f#0(%x, %ok) : (f32[4], i64[4, 8])
  yield %0
}
)");
}

TEST_CASE("control flow and accesses round-trip") {
  check_round_trip(
      R"(kernel @k(%x: tensor<i32>[N], %s: tensor<i32>[], %y: inout tensor<i32>[N], %z: unordered out tensor<i32>[N], %n: i64)
grid {
  %0 = constant 1 : i64
  yield %0
}
body {
  %1 = constant 0 : i32
  %2 = load %s[] fill %1 : i32
  %3 = load %x[%n masked] fill %1 : i32
  %4 = iota axis=0 : i64[4]
  %5 = load %x[gather %4 4 masked] pad %1 : i32[4]
  store %z[gather %4 4] = %5 pad
  store %y[%n] = %3
  %6 = while carry (%v = %2) : i32 {
    %7 = compare lt %v, %3 : bool
    yield %7
  } do (%v.1) {
    %8 = add %v.1, %v.1 : i32
    yield %8
  }
  %9 = constant true : bool
  while {
    yield %9
  } do () {
    yield
  }
  %10, %11 = if %9 : (i32, i64) {
    yield %6, %n
  } else {
    yield %1, %n
  }
  if %9 {
    yield
  } else {
    yield
  }
  yield
}
)");
}

TEST_CASE("spans are printed on request and read back") {
  auto module = read_module(
      "function @f(%x: f32) -> (f32)\nbody {\n  %0 = neg %x : f32 loc(1 20 25)\n  yield %0\n}\n");
  REQUIRE(module.has_value());
  CHECK(print(*module).find("loc") == std::string::npos);
  CHECK(print(*module, {.spans = true}).find("%0 = neg %x : f32 loc(1 20 25)\n") !=
        std::string::npos);
}

TEST_CASE("errors name the line and the reason") {
  const auto error = [](std::string_view body) {
    const auto module =
        read_module("function @f(%x: f32) -> (f32)\nbody {\n" + std::string(body) + "\n}\n");
    REQUIRE_FALSE(module.has_value());
    return std::to_string(module.error().line) + ": " + module.error().message;
  };
  CHECK_EQ(error("  %0 = nag %x : f32"), "3: unknown op `nag`");
  CHECK_EQ(error("  %0 = neg %y : f32"), "3: `%y` is not defined before this use");
  CHECK_EQ(error("  %0 = neg %x : f23"), "3: unknown element type `f23`");
  CHECK_EQ(error("  %x = neg %x : f32"), "3: `%x` is defined twice");
  CHECK_EQ(error("  %0, %1 = neg %x : f32"), "3: 2 results but 1 types");
  CHECK_EQ(error("  %0 = constant 1.5 : i32"), "3: `1.5` is no i32");
  CHECK_EQ(error("  %0 = compare is %x, %x : bool"), "3: unexpected `is`");
  CHECK_EQ(error("  %0 = reduce sum %x axes=0 : f32"), "3: expected `axis=` before `axes=0 : f32`");
}

}  // namespace
}  // namespace tile::ir
