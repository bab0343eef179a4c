// Every rewrite rule fires in one case at least, and gives the IR shown; what must not be rewritten
// (NUMERICS) is shown to stay.
#include "compiler/passes/simplify.h"

#include <algorithm>
#include <set>

#include "compiler/passes/eliminate_dead.h"
#include "compiler/passes/test_support.h"

namespace tile::passes {
namespace {

struct Case {
  std::string_view rule;
  std::string_view type;    // of the one result
  std::string_view before;  // body lines; the parameters are below
  std::string_view after;   // simplified and without dead ops
};

std::string with_parameters(std::string_view type, std::string_view body) {
  std::string text =
      "function @f(%x: f32[4], %y: f32[4], %s: f32, %i: i64, %j: i64, %b: bool, %u: u32, "
      "%m: f32[2, 3]) -> (";
  text += type;
  text += ")\nbody {\n";
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    text += "  " + std::string(body.substr(0, end)) + "\n";
    body.remove_prefix(std::min(end + 1, body.size()));
  }
  return text + "}\n";
}

// clang-format off
const Case cases[] = {
  // Constants and control.
  {"fold-constants", "i64", "%0 = constant 6 : i64\n%1 = constant 7 : i64\n%2 = mul %0, %1 : i64\nyield %2",
   "%0 = constant 42 : i64\nyield %0"},
  {"fold-constants", "f32[4]", "%0 = constant 1.0 : f32[4]\n%1 = constant 3.0 : f32[4]\n%2 = div %0, %1 : f32[4]\nyield %2",
   "%0 = constant 0.33333334 : f32[4]\nyield %0"},
  {"fold-constants", "f32", "%0 = constant 0.0 : f32\n%1 = div %0, %0 : f32\nyield %1",
   "%0 = constant 0x7fc00000 : f32\nyield %0"},
  {"fold-constants", "i64", "%0 = constant -7 : i64\n%1 = constant 2 : i64\n%2 = div %0, %1 : i64\n%3 = rem %0, %1 : i64\n%4 = sub %2, %3 : i64\nyield %4",
   "%0 = constant -2 : i64\nyield %0"},
  {"fold-constants", "i32", "%0 = constant 3e10 : f32\n%1 = cast %0 : i32\nyield %1",
   "%0 = constant 2147483647 : i32\nyield %0"},
  {"fold-constants", "f32", "%0 = constant -1 : i32\n%1 = bitcast %0 : u32\n%2 = constant 1 : u32\n%3 = shr %1, %2 : u32\n%4 = cast %3 : f32\nyield %4",
   "%0 = constant 2147483648.0 : f32\nyield %0"},
  {"compute-before-broadcast", "f32[4]", "%0 = broadcast %s : f32[4]\n%1 = constant 2.0 : f32[4]\n%2 = mul %0, %1 : f32[4]\n%3 = sqrt %2 : f32[4]\nyield %3",
   "%0 = constant 2.0 : f32\n%1 = mul %s, %0 : f32\n%2 = sqrt %1 : f32\n%3 = broadcast %2 : f32[4]\nyield %3"},
  {"if-constant", "i64", "%0 = constant false : bool\n%1 = if %0 : i64 {\n  yield %i\n} else {\n  %2 = neg %j : i64\n  yield %2\n}\nyield %1",
   "%0 = neg %j : i64\nyield %0"},
  {"for-no-turn", "i64", "%0 = constant 1 : i64\n%1 = for %k = %i to %i step %0 carry (%a = %j) : i64 {\n  %2 = neg %a : i64\n  yield %2\n}\nyield %1",
   "yield %j"},
  {"for-one-turn", "i64", "%0 = constant 2 : i64\n%1 = constant 5 : i64\n%3 = constant 3 : i64\n%4 = for %k = %0 to %1 step %3 carry (%a = %j) : i64 {\n  %5 = mul %a, %k : i64\n  yield %5\n}\nyield %4",
   "%0 = constant 2 : i64\n%1 = mul %j, %0 : i64\nyield %1"},
  {"while-never", "i64", "%0 = while carry (%a = %i) : i64 {\n  %1 = constant false : bool\n  yield %1\n} do (%a.1) {\n  yield %j\n}\nyield %0",
   "yield %i"},
  {"carry-unchanged", "i64", "%0 = constant 1 : i64\n%1, %2 = for %k = %i to %j step %0 carry (%a = %j, %c = %i) : (i64, i64) {\n  %3 = add %c, %a : i64\n  yield %a, %3\n}\n%4 = add %1, %2 : i64\nyield %4",
   "%0 = constant 1 : i64\n%1 = for %k = %i to %j step %0 carry (%c = %i) : i64 {\n  %2 = add %c, %j : i64\n  yield %2\n}\n%3 = add %j, %1 : i64\nyield %3"},

  // Integers.
  {"constant-right-add", "i64", "%0 = constant 3 : i64\n%1 = add %0, %i : i64\nyield %1",
   "%0 = constant 3 : i64\n%1 = add %i, %0 : i64\nyield %1"},
  {"constant-right-mul", "i64", "%0 = constant 3 : i64\n%1 = mul %0, %i : i64\nyield %1",
   "%0 = constant 3 : i64\n%1 = mul %i, %0 : i64\nyield %1"},
  {"add-zero", "i64", "%0 = constant 0 : i64\n%1 = add %0, %i : i64\nyield %1", "yield %i"},
  {"sub-zero", "i64", "%0 = constant 0 : i64\n%1 = sub %i, %0 : i64\nyield %1", "yield %i"},
  {"sub-self", "i64", "%0 = sub %i, %i : i64\nyield %0", "%0 = constant 0 : i64\nyield %0"},
  {"sub-constant", "i64", "%0 = constant 3 : i64\n%1 = sub %i, %0 : i64\nyield %1",
   "%0 = constant -3 : i64\n%1 = add %i, %0 : i64\nyield %1"},
  {"add-add", "i64", "%0 = constant 3 : i64\n%1 = add %i, %0 : i64\n%2 = add %0, %1 : i64\nyield %2",
   "%0 = constant 6 : i64\n%1 = add %i, %0 : i64\nyield %1"},
  {"mul-mul", "i64", "%0 = constant 3 : i64\n%1 = mul %i, %0 : i64\n%2 = mul %1, %0 : i64\nyield %2",
   "%0 = constant 9 : i64\n%1 = mul %i, %0 : i64\nyield %1"},
  {"mul-one", "f32[4]", "%0 = constant 1.0 : f32[4]\n%1 = mul %0, %x : f32[4]\nyield %1", "yield %x"},
  {"mul-zero", "i64", "%0 = constant 0 : i64\n%1 = mul %i, %0 : i64\nyield %1", "%0 = constant 0 : i64\nyield %0"},
  {"div-one", "i64", "%0 = constant 1 : i64\n%1 = div %i, %0 : i64\nyield %1", "yield %i"},
  {"rem-one", "i64", "%0 = constant 1 : i64\n%1 = rem %i, %0 : i64\nyield %1", "%0 = constant 0 : i64\nyield %0"},
  {"neg-neg", "f32[4]", "%0 = neg %x : f32[4]\n%1 = neg %0 : f32[4]\nyield %1", "yield %x"},
  {"abs-abs", "f32[4]", "%0 = abs %x : f32[4]\n%1 = abs %0 : f32[4]\nyield %1", "%0 = abs %x : f32[4]\nyield %0"},
  {"abs-neg", "i64", "%0 = neg %i : i64\n%1 = abs %0 : i64\nyield %1", "%0 = abs %i : i64\nyield %0"},
  {"add-neg", "f32[4]", "%0 = neg %y : f32[4]\n%1 = add %0, %x : f32[4]\nyield %1", "%0 = sub %x, %y : f32[4]\nyield %0"},
  {"sub-neg", "i64", "%0 = neg %j : i64\n%1 = sub %i, %0 : i64\nyield %1", "%0 = add %i, %j : i64\nyield %0"},
  {"mul-minus-one", "f32", "%0 = constant -1.0 : f32\n%1 = mul %s, %0 : f32\nyield %1", "%0 = neg %s : f32\nyield %0"},
  {"min-self", "f32", "%0 = min %s, %s : f32\nyield %0", "yield %s"},
  {"max-self", "i64", "%0 = max %i, %i : i64\nyield %0", "yield %i"},

  // Floats.
  {"add-minus-zero", "f32", "%0 = constant -0.0 : f32\n%1 = add %s, %0 : f32\nyield %1", "yield %s"},
  {"div-power-of-two", "f32[4]", "%0 = constant -8.0 : f32[4]\n%1 = div %x, %0 : f32[4]\nyield %1",
   "%0 = constant -0.125 : f32[4]\n%1 = mul %x, %0 : f32[4]\nyield %1"},
  {"fma-one", "f32[4]", "%0 = constant 1.0 : f32[4]\n%1 = fma %x, %0, %y : f32[4]\nyield %1", "%0 = add %x, %y : f32[4]\nyield %0"},
  {"one-fma", "f32[4]", "%0 = constant 1.0 : f32[4]\n%1 = fma %0, %x, %y : f32[4]\nyield %1", "%0 = add %x, %y : f32[4]\nyield %0"},
  {"fma-minus-zero", "f32[4]", "%0 = constant -0.0 : f32[4]\n%1 = fma %x, %y, %0 : f32[4]\nyield %1", "%0 = mul %x, %y : f32[4]\nyield %0"},

  // Bits.
  {"not-not", "bool", "%0 = not %b : bool\n%1 = not %0 : bool\nyield %1", "yield %b"},
  {"and-self", "bool", "%0 = and %b, %b : bool\nyield %0", "yield %b"},
  {"or-self", "u32", "%0 = or %u, %u : u32\nyield %0", "yield %u"},
  {"xor-self", "u32", "%0 = xor %u, %u : u32\nyield %0", "%0 = constant 0 : u32\nyield %0"},
  {"and-zero", "bool", "%0 = constant false : bool\n%1 = and %0, %b : bool\nyield %1", "%0 = constant false : bool\nyield %0"},
  {"or-zero", "u32", "%0 = constant 0 : u32\n%1 = or %0, %u : u32\nyield %1", "yield %u"},
  {"xor-zero", "u32", "%0 = constant 0 : u32\n%1 = xor %u, %0 : u32\nyield %1", "yield %u"},
  {"and-ones", "u32", "%0 = constant 4294967295 : u32\n%1 = and %u, %0 : u32\nyield %1", "yield %u"},
  {"or-ones", "bool", "%0 = constant true : bool\n%1 = or %b, %0 : bool\nyield %1", "%0 = constant true : bool\nyield %0"},
  {"shl-zero", "u32", "%0 = constant 0 : u32\n%1 = shl %u, %0 : u32\nyield %1", "yield %u"},
  {"shr-zero", "u32", "%0 = constant 0 : u32\n%1 = shr %u, %0 : u32\nyield %1", "yield %u"},
  {"bitcast-bitcast", "i32", "%0 = bitcast %u : f32\n%1 = bitcast %0 : i32\nyield %1", "%0 = bitcast %u : i32\nyield %0"},

  // Comparisons.
  {"compare-self", "bool", "%0 = compare ge %i, %i : bool\nyield %0", "%0 = constant true : bool\nyield %0"},
  {"compare-self", "bool", "%0 = compare lt %s, %s : bool\nyield %0", "%0 = constant false : bool\nyield %0"},
  {"compare-constant-left", "bool", "%0 = constant 3 : i64\n%1 = compare le %0, %i : bool\nyield %1",
   "%0 = constant 3 : i64\n%1 = compare ge %i, %0 : bool\nyield %1"},
  {"compare-with-bool", "bool", "%0 = constant false : bool\n%1 = compare eq %b, %0 : bool\nyield %1", "%0 = not %b : bool\nyield %0"},
  {"not-compare", "bool", "%0 = compare lt %i, %j : bool\n%1 = not %0 : bool\nyield %1", "%0 = compare ge %i, %j : bool\nyield %0"},
  {"select-same", "f32", "%0 = select %b, %s, %s : f32\nyield %0", "yield %s"},
  {"select-true", "i64", "%0 = constant true : bool\n%1 = select %0, %i, %j : i64\nyield %1", "yield %i"},
  {"select-false", "i64", "%0 = constant false : bool\n%1 = select %0, %i, %j : i64\nyield %1", "yield %j"},
  {"select-not", "i64", "%0 = not %b : bool\n%1 = select %0, %i, %j : i64\nyield %1", "%0 = select %b, %j, %i : i64\nyield %0"},

  // Shapes.
  {"broadcast-splat", "f32[2, 4]", "%0 = constant 1.5 : f32\n%1 = broadcast %0 : f32[2, 4]\nyield %1", "%0 = constant 1.5 : f32[2, 4]\nyield %0"},
  {"reshape-splat", "f32[8]", "%0 = constant 1.5 : f32[2, 4]\n%1 = reshape %0 : f32[8]\nyield %1", "%0 = constant 1.5 : f32[8]\nyield %0"},
  {"permute-splat", "f32[4, 2]", "%0 = constant 1.5 : f32[2, 4]\n%1 = permute %0 order=[1, 0] : f32[4, 2]\nyield %1", "%0 = constant 1.5 : f32[4, 2]\nyield %0"},
  {"slice-splat", "f32[3]", "%0 = constant 1.5 : f32[4]\n%1 = slice %0 offsets=[1] : f32[3]\nyield %1", "%0 = constant 1.5 : f32[3]\nyield %0"},
  {"concat-splat", "f32[8]", "%0 = constant 1.5 : f32[4]\n%1 = concat %0, %0 axis=0 : f32[8]\nyield %1", "%0 = constant 1.5 : f32[8]\nyield %0"},
  {"broadcast-same", "f32[4]", "%0 = broadcast %x : f32[4]\nyield %0", "yield %x"},
  {"reshape-same", "f32[4]", "%0 = reshape %x : f32[4]\nyield %0", "yield %x"},
  {"slice-whole", "f32[4]", "%0 = slice %x offsets=[0] : f32[4]\nyield %0", "yield %x"},
  {"permute-identity", "f32[2, 3]", "%0 = permute %m order=[0, 1] : f32[2, 3]\nyield %0", "yield %m"},
  {"broadcast-broadcast", "f32[2, 4]", "%0 = broadcast %s : f32[1, 4]\n%1 = broadcast %0 : f32[2, 4]\nyield %1", "%0 = broadcast %s : f32[2, 4]\nyield %0"},
  {"broadcast-reshape", "f32[4]", "%0 = reshape %s : f32[1]\n%1 = broadcast %0 : f32[4]\nyield %1", "%0 = broadcast %s : f32[4]\nyield %0"},
  {"reshape-reshape", "f32[4]", "%0 = reshape %x : f32[2, 2]\n%1 = reshape %0 : f32[4]\nyield %1", "yield %x"},
  {"permute-permute", "f32[2, 3]", "%0 = permute %m order=[1, 0] : f32[3, 2]\n%1 = permute %0 order=[1, 0] : f32[2, 3]\nyield %1", "yield %m"},
  {"slice-slice", "f32[1]", "%0 = slice %x offsets=[1] : f32[3]\n%1 = slice %0 offsets=[2] : f32[1]\nyield %1", "%0 = slice %x offsets=[3] : f32[1]\nyield %0"},
  {"reduce-one", "f32[4]", "%0 = reshape %x : f32[4, 1]\n%1 = reduce max %0 axis=1 : f32[4]\nyield %1", "yield %x"},
  {"reduce-one", "f32[4]", "%0 = reshape %x : f32[4, 1]\n%1 = reduce sum %0 axis=1 : f32[4]\nyield %1",
   "%0 = constant 0.0 : f32[4]\n%1 = add %x, %0 : f32[4]\nyield %1"},
};

// What NUMERICS forbids to rewrite.
const Case kept[] = {
  {"x + 0.0 turns -0 into +0", "f32", "%0 = constant 0.0 : f32\n%1 = add %s, %0 : f32\nyield %1", ""},
  {"x - (-0.0) too", "f32", "%0 = constant -0.0 : f32\n%1 = sub %s, %0 : f32\nyield %1", ""},
  {"x * 0.0 may be NaN or -0", "f32", "%0 = constant 0.0 : f32\n%1 = mul %s, %0 : f32\nyield %1", ""},
  {"x - x may be NaN", "f32", "%0 = sub %s, %s : f32\nyield %0", ""},
  {"1/3 is not exact", "f32", "%0 = constant 3.0 : f32\n%1 = div %s, %0 : f32\nyield %1", ""},
  {"x == x is false for NaN", "bool", "%0 = compare eq %s, %s : bool\nyield %0", ""},
  {"!(x < y) holds for NaN", "bool", "%0 = compare lt %x, %y : bool[4]\n%1 = not %0 : bool[4]\n%2 = reduce all %1 axis=0 : bool\nyield %2", ""},
  {"fma(x, y, +0.0) may turn -0 into +0", "f32", "%0 = constant 0.0 : f32\n%1 = fma %s, %s, %0 : f32\nyield %1", ""},
  {"abs of an unsigned negation", "u32", "%0 = neg %u : u32\n%1 = abs %0 : u32\nyield %1", ""},
  {"float sums are not reassociated", "f32", "%0 = constant 1.5 : f32\n%1 = add %s, %0 : f32\n%2 = add %1, %0 : f32\nyield %2", ""},
  {"a loop of two turns", "i64", "%0 = constant 0 : i64\n%1 = constant 2 : i64\n%2 = constant 1 : i64\n%3 = for %k = %0 to %1 step %2 carry (%a = %i) : i64 {\n  %4 = mul %a, %a : i64\n  yield %4\n}\nyield %3", ""},
};
// clang-format on

std::string simplified(std::string_view text, std::vector<std::string_view>& fired) {
  return after_pass(
      [&](ir::Function& function) {
        simplify(function, fired);
        eliminate_dead(function);
      },
      text);
}

std::set<std::string_view> fired_in_cases() {
  std::set<std::string_view> all;
  for (const Case& c : cases) {
    CAPTURE(c.rule);
    CAPTURE(c.before);
    std::vector<std::string_view> fired;
    const std::string after = simplified(with_parameters(c.type, c.before), fired);
    CHECK_EQ(after, with_parameters(c.type, c.after));
    CHECK(std::count(fired.begin(), fired.end(), c.rule) > 0);
    all.insert(fired.begin(), fired.end());
  }
  return all;
}

constexpr std::string_view kernel = R"(kernel @k(%a: tensor<f32>[M, 8], %c: out tensor<f32>[8, M])
grid {
  %0 = dim %c axis=1 : i64
  yield %0
}
body {
  %m = dim %c axis=1 : i64
  %n = dim %a axis=1 : i64
  print "" %m, %n
  yield
}
)";

TEST_CASE("every rule fires and gives what it should") {
  std::set<std::string_view> fired = fired_in_cases();
  std::vector<std::string_view> in_kernel;
  CHECK_EQ(simplified(kernel, in_kernel),
           R"(kernel @k(%a: tensor<f32>[M, 8], %c: out tensor<f32>[8, M])
grid {
  %0 = dim %a axis=0 : i64
  yield %0
}
body {
  %m = dim %a axis=0 : i64
  %n = constant 8 : i64
  print "" %m, %n
  yield
}
)");
  fired.insert(in_kernel.begin(), in_kernel.end());
  for (std::string_view name : rule_names()) CHECK_MESSAGE(fired.contains(name), name);
}

TEST_CASE("what would change a bit stays") {
  for (const Case& c : kept) {
    CAPTURE(c.rule);
    std::vector<std::string_view> fired;
    const std::string text = with_parameters(c.type, c.before);
    CHECK_EQ(simplified(text, fired), text);
    CHECK(fired.empty());
  }
}

TEST_CASE("rule names are unique") {
  const std::vector<std::string_view> names = rule_names();
  CHECK_EQ(std::set<std::string_view>(names.begin(), names.end()).size(), names.size());
}

}  // namespace
}  // namespace tile::passes
