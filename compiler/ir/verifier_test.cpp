// The verifier accepts sound IR (reader_test.cpp) and names the reason and the op where it is
// broken.
#include "compiler/ir/verifier.h"

#include <doctest/doctest.h>

#include "compiler/ir/reader.h"

namespace tile::ir {
namespace {

/// The verdict on a function (%x: f32[4], %b: bool[4], %i: i64, %s: f32) -> () with this body.
std::string verdict(const std::string& body) {
  const auto module =
      read_module("function @f(%x: f32[4], %b: bool[4], %i: i64, %s: f32) -> ()\nbody {\n" + body +
                  "\nyield\n}\n");
  REQUIRE_MESSAGE(module.has_value(), module.error().message);
  return verify(*module).value_or("sound");
}

TEST_CASE("operand and result types") {
  CHECK_EQ(verdict("%0 = neg %x : f32[4]"), "sound");
  CHECK_EQ(verdict("%0 = neg %x : f32[5]"), "f: result type: %0 = neg %x : f32[5]");
  CHECK_EQ(verdict("%0 = add %x : f32[4]"), "f: number of operands: %0 = add %x : f32[4]");
  CHECK_EQ(verdict("%0 = add %x, %s : f32[4]"),
           "f: operands of several shapes: %0 = add %x, %s : f32[4]");
  CHECK_EQ(verdict("%0 = neg %b : bool[4]"), "f: operand is bool: %0 = neg %b : bool[4]");
  CHECK_EQ(verdict("%0 = rem %x, %x : f32[4]"),
           "f: operand is not an integer: %0 = rem %x, %x : f32[4]");
  CHECK_EQ(verdict("%0 = select %x, %x, %x : f32[4]"),
           "f: condition is not bool: %0 = select %x, %x, %x : f32[4]");
  CHECK_EQ(verdict("%0 = reduce sum %x axis=1 : f32"),
           "f: axis outside the shape: %0 = reduce sum %x axis=1 : f32");
  CHECK_EQ(verdict("%0 = broadcast %x : f32[8]"),
           "f: repeats an extent that is not 1: %0 = broadcast %x : f32[8]");
  CHECK_EQ(verdict("%0 = slice %x offsets=[2] : f32[3]"),
           "f: leaves the tile: %0 = slice %x offsets=[2] : f32[3]");
}

TEST_CASE("control flow") {
  CHECK_EQ(verdict("%0 = constant 0 : i64\nfor %j = %i to %i step %0 {\nyield\n}"),
           "f: step is not a positive constant: for %j = %i to %i step %0 {");
  CHECK_EQ(verdict("%0 = constant 1 : i64\n%1 = for %j = %i to %i step %0 carry (%t = %x) : f32[4] "
                   "{\nyield %s\n}")
               .substr(0, 15),
           "f: yielded type");
  CHECK_EQ(verdict("%0 = constant 1 : i64\nfor %j = %i to %i step %0 {\n%1 = neg %x : f32[4]\n}"),
           "f: a block does not end in yield: for %j = %i to %i step %0 {");
  CHECK_EQ(verdict("%0 = constant true : bool\nif %0 {\n%1 = neg %x : f32[4]\nyield\n} else {\n"
                   "%2 = neg %1 : f32[4]\nyield\n}"),
           "f: operand is not visible here: %0 = neg %1 : f32[4]");
  CHECK_EQ(verdict("yield"), "f: yield inside a block");
}

TEST_CASE("kernels") {
  const auto kernel = [](const std::string& grid, const std::string& body) {
    const auto module =
        read_module("kernel @k(%a: tensor<f32>[N], %c: out tensor<f32>[N])\ngrid {\n" + grid +
                    "\n}\nbody {\n" + body + "\nyield\n}\n");
    REQUIRE_MESSAGE(module.has_value(), module.error().message);
    return verify(*module).value_or("sound");
  };
  const std::string grid = "%g = dim %a axis=0 : i64\nyield %g";
  const std::string start = "%0 = constant 0 : i64\n%1 = constant 0.0 : f32\n";
  CHECK_EQ(kernel(grid, ""), "sound");
  CHECK_EQ(kernel("yield", ""), "k: a grid has 1 to 4 axes");
  CHECK_EQ(kernel(grid, "%0 = neg %g : i64"), "k: operand is not visible here: %0 = neg %g : i64");
  CHECK_EQ(kernel("%g = program_id axis=0 : i64\nyield %g", ""),
           "k: not allowed in a grid: %g = program_id axis=0 : i64");
  CHECK_EQ(kernel(grid, start + "%2 = load %c[%0] fill %1 : f32"),
           "k: reads an `out` tensor: %0 = load %c[%1] fill %2 : f32");
  CHECK_EQ(kernel(grid, start + "store %a[%0] = %1"),
           "k: writes a read-only tensor: store %a[%0] = %1");
  CHECK_EQ(kernel(grid, start + "%2 = load %a[%0 +: 4] fill %1 : f32"),
           "k: result type: %0 = load %a[%1 +: 4] fill %2 : f32");
  CHECK_EQ(kernel(grid, "%2 = neg %a : f32"), "k: tensor where none may stand: %0 = neg %a : f32");
}

TEST_CASE("calls go to earlier functions only") {
  const auto module = read_module(
      "function @f(%x: f32) -> (f32)\nbody {\n  %0 = call @f#0(%x) : f32\n  yield %0\n}\n");
  REQUIRE(module.has_value());
  CHECK_EQ(verify(*module).value_or("sound"),
           "f: callee does not precede its caller: %0 = call #0(%x) : f32");
}

}  // namespace
}  // namespace tile::ir
