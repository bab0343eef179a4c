// What the parser says about mistakes: one message each, several per run, no cascades, no overflow.
#include <doctest/doctest.h>

#include <chrono>

#include "compiler/parse/parse_test_util.h"

namespace tile {
namespace {

using testing::parse_text;

std::string repeat(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

/// The kinds reported for the statements of a function's body.
std::string kinds_of(std::string_view body) {
  return parse_text("fn f() {\n" + std::string(body) + "\n}\nfn g() {}\n").kinds;
}

TEST_CASE("one mistake gives one message") {
  CHECK(kinds_of("let x = ;") == "ExpectedExpression");
  CHECK(kinds_of("let x = a b;") == "ExpectedToken");
  CHECK(kinds_of("let = 3;") == "ExpectedToken");
  CHECK(kinds_of("let x = f(a, (b;\nlet y = 2;") == "ExpectedToken");
  CHECK(kinds_of("for i 0..n { a = 1; b = 2; }") == "ExpectedToken");
  CHECK(kinds_of("if { a = 1; } else { b = 2; }") == "ExpectedExpression");
  CHECK(kinds_of("a < b < c;\nx = a < b < c;") ==
        "ChainedComparison NotAStatement ChainedComparison");
  CHECK(kinds_of("x = a[1 : 2];") == "ColonSlice");
  CHECK(kinds_of("x = a[1:];") == "ColonSlice");
  CHECK(kinds_of("f(x) = 3;") == "InvalidTarget");
  CHECK(kinds_of("a[0][1] = 3;") == "InvalidTarget");
  CHECK(kinds_of("a + b;") == "NotAStatement");
  CHECK(kinds_of("a == b;") == "NotAStatement");
  CHECK(kinds_of("x = f(y) pad 0.0;") == "PadWithoutIndex");
  CHECK(kinds_of("else { x = 1; }") == "ExpectedStatement");
  CHECK(kinds_of(";") == "ExpectedStatement");
  CHECK(kinds_of("/// not here\nx = 1;") == "MisplacedDoc");
  CHECK(kinds_of("x = 1 @ 2;") == "UnknownCharacter");
  CHECK(kinds_of("x = @;") == "UnknownCharacter");
  CHECK(kinds_of("x = zeros<f32>;") == "ExpectedToken");
  CHECK(kinds_of("x = f<>(a);") == "ExpectedExpression");
}

TEST_CASE("a forgotten semicolon does not hide the next statement") {
  CHECK(kinds_of("let x = 1\nlet = 2;\nbreak\n") == "ExpectedToken ExpectedToken ExpectedToken");
  auto parsed = parse_text("fn f() {\n  let x = 1\n  return x;\n}\n");
  CHECK(parsed.messages ==
        "test.tile:2:12: error[T0101]: expected `;`, found `return`\n"
        "  let x = 1\n"
        "           ^\n");
}

TEST_CASE("several mistakes in several items") {
  auto parsed = parse_text(
      "kernel (x: f32) grid (1) {}\n"
      "fn f(x f32) {}\n"
      "fn g() {}\n"
      "let y = 3;\n"
      "fn g() { let = 1; x = ; }\n"
      "kernel k() {}\n"
      "kernel l<const N>() grid (1) {}\n"
      "kernel l<const N: float, int M>() grid (1) {}\n"
      "kernel m(x: unordered out tensor<f32>[N]) grid () {}\n"
      "schedule m sm_90 {}\n"
      "schedule m on sm_90 { BM 3; BN = 2; search { BK = 3; } }\n"
      "instantiate m;\n");
  CHECK(parsed.kinds ==
        "ExpectedToken ExpectedToken ExpectedItem ExpectedToken ExpectedExpression MissingGrid "
        "MissingGenericType UnknownGenericType ExpectedToken MissingReason ExpectedExpression "
        "ExpectedToken ExpectedToken ExpectedToken ExpectedToken");
}

TEST_CASE("unclosed delimiters") {
  CHECK(parse_text("fn f() { if a { while b {\nfn g() {}").kinds == "UnclosedDelimiter");
  CHECK(parse_text("fn f() { x = g(a").kinds == "UnclosedDelimiter");
  CHECK(parse_text("fn f(x: f32").kinds == "UnclosedDelimiter");
  CHECK(parse_text("schedule m on cpu { a = 1;").kinds == "UnclosedDelimiter");
  CHECK(parse_text("fn f() {} }\nfn g() {}").kinds == "ExpectedItem");
}

TEST_CASE("types") {
  auto kinds = [](std::string_view type) {
    return parse_text("kernel k(x: " + std::string(type) + ") grid (1) {}").kinds;
  };
  CHECK(kinds("out f32[4]") == "ExpectedToken");
  CHECK(kinds("tensor<f32>") == "ExpectedToken");
  CHECK(kinds("tensor<3>[N]") == "ExpectedType");
  CHECK(kinds("f32[]") == "ExpectedExpression");
  CHECK(kinds("3") == "ExpectedType");
  CHECK(kinds("out") == "");
}

TEST_CASE("deep nesting is refused without overflow, with one message") {
  constexpr std::size_t many = 100'000;
  auto body = [](const std::string& text) { return parse_text("fn f() { " + text); };
  for (const std::string& text :
       {"x = " + repeat("(", many), "x = " + repeat("-", many) + "1;", "x = " + repeat("f(", many),
        "x = " + repeat("a[", many), repeat("if a {", many), repeat("if a {} else ", many) + "{}",
        repeat("while a { for i in 0..1 {", many), "x = " + repeat("a + ", many) + "a; }",
        "x = a" + repeat("[0]", many) + "; }", "x = " + repeat("f<N = ", many),
        repeat("a[0] pad ", many), "x = " + repeat("f32(", many),
        "let x: " + repeat("f32[f<N = ", many)}) {
    CAPTURE(text.substr(0, 20));
    CHECK(body(text).kinds == "NestingTooDeep");
  }
  CHECK(body("x = " + repeat("(", 200) + "1" + repeat(")", 200) + "; }").kinds == "");
  CHECK(body("x = " + repeat("a + ", 200) + "a; }").kinds == "");
}

TEST_CASE("large files are parsed fast or refused") {
  std::string item = "fn f(x: f32[...]) -> f32[...] { let y = x * 2.0 + 1.0; return y; }\n";
#ifdef NDEBUG
  constexpr std::size_t bytes = 4 << 20;
#else
  constexpr std::size_t bytes = 1 << 17;  // with sanitizers
#endif
  std::string large = repeat(item, bytes / item.size());
  auto start = std::chrono::steady_clock::now();
  CHECK(parse_text(large).kinds == "");
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
  MESSAGE(bytes, " bytes in ", seconds.count(), " s");
  CHECK(parse_text(repeat(item, (50u << 20) / item.size())).kinds == "FileTooLarge");
  CHECK(parse_text(repeat("} ", bytes / 4)).count == 1);
  CHECK(parse_text("fn f() {" + repeat("let = 1; ", bytes / 40)).count <= 1001);
}

}  // namespace
}  // namespace tile
