// The grammar, rule by rule, through the printed tree.
#include <doctest/doctest.h>

#include "compiler/parse/parse_test_util.h"

namespace tile {
namespace {

using testing::parse_text;

/// The printed tree of `let x = <expression>;`, without the frame around the expression.
std::string expression_tree(std::string_view expression) {
  auto parsed = parse_text("fn f() { let x = " + std::string(expression) + "; }");
  CAPTURE(expression);
  CHECK(parsed.messages == "");
  constexpr std::string_view frame = "function f\n  body\n    let x\n";
  REQUIRE(parsed.tree.starts_with(frame));
  std::string out;
  std::string_view rest = std::string_view(parsed.tree).substr(frame.size());
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    out += std::string(line.substr(6)) + "\n";
  }
  return out;
}

constexpr std::string_view matmul = R"(
/// c = a b, any strides,
/// so NN, NT, TN and TT are one kernel.
kernel matmul<tune BM: int, tune BK: int = 32, const P: precision = fp32>(
    a: tensor<f32>[M, K], c: out tensor<f32>[M, 8])
  grid (ceil_div(M, BM), 2)
{
  let (i, j) = program();
  var acc = zeros<f32>[BM, 8];
  for k in 0..ceil_div(K, BK) step 2 {
    acc = dot(a[i*BM +: BM, :], acc, P);
  }
  c[i*BM +: BM, j] += acc;
}
schedule matmul on x86-64-v3 when M <= 8 { BM = 128; search { BK in {32, 64}; } }
instantiate matmul<P = tf32>;
)";

constexpr std::string_view matmul_tree = R"(kernel matmul
  doc "c = a b, any strides,\nso NN, NT, TN and TT are one kernel."
  tune BM: int
  tune BK: int
    integer 32
  const P: precision
    name fp32
  parameter a
    type tensor<f32>[dims]
      name M
      name K
  parameter c
    type out tensor<f32>[dims]
      name M
      integer 8
  grid
    call ceil_div
      name M
      name BM
    integer 2
  body
    let (i, j)
      call program
    var acc
      call zeros
        argument
          type name f32
        shape
          name BM
          integer 8
    for k
      integer 0
      call ceil_div
        name K
        name BK
      integer 2
      body
        assign acc =
          call dot
            subscript
              name a
              range
                binary *
                  name i
                  name BM
                name BM
              full
            name acc
            name P
    store c +=
      range
        binary *
          name i
          name BM
        name BM
      single
        name j
      name acc
schedule matmul on x86-64-v3
  when
    binary <=
      name M
      integer 8
  set BM
    integer 128
  search
    BK
      integer 32
      integer 64
instantiate matmul
  argument P
    name tf32
)";

TEST_CASE("a kernel with schedule and instance") {
  auto parsed = parse_text(matmul);
  CHECK(parsed.messages == "");
  CHECK(parsed.tree == matmul_tree);
}

TEST_CASE("functions, generics and types") {
  auto parsed = parse_text(
      "noinline fn exp(x: f32[...]) -> f32[...] real exp { return x; }\n"
      "fn two<const T: type, const F: fn = g, const B: bool = true>(a: T[N, 4], b: i64)"
      " -> (f32, i32[N]) { return a, b; }\n"
      "kernel k(a: inout tensor<f32>[], b: unordered out \"sum \\\"x\\\"\" tensor<T>[N,],)"
      " grid (1) {}\n");
  CHECK(parsed.messages == "");
  CHECK(parsed.tree ==
        "noinline function exp\n"
        "  parameter x\n    type f32[...]\n"
        "  results\n    type f32[...]\n"
        "  real exp\n"
        "  body\n    return\n      name x\n"
        "function two\n"
        "  const T: type\n  const F: fn\n    name g\n  const B: bool\n    true\n"
        "  parameter a\n    type T[dims]\n      name N\n      integer 4\n"
        "  parameter b\n    type i64\n"
        "  results\n    type f32\n    type i32[dims]\n      name N\n"
        "  body\n    return\n      name a\n      name b\n"
        "kernel k\n"
        "  parameter a\n    type inout tensor<f32>[]\n"
        "  parameter b\n    type unordered out \"sum \\\"x\\\"\" tensor<T>[dims]\n      name N\n"
        "  grid\n    integer 1\n"
        "  body\n");
}

TEST_CASE("words that are special in one place are names elsewhere") {
  auto parsed = parse_text(
      "kernel grid(out: out tensor<f32>[step], on: f32) grid (real) {\n"
      "  let pad = search; var when: f32 = inout; out[unordered] = int[type] pad pad;\n"
      "  for step in 0..step step step {}\n"
      "}\n");
  CHECK(parsed.messages == "");
}

TEST_CASE("precedence") {
  CHECK(expression_tree("a || b && c == d | e ^ f & g << h + i * -j") ==
        "binary ||\n  name a\n  binary &&\n    name b\n    binary ==\n      name c\n"
        "      binary |\n        name d\n        binary ^\n          name e\n"
        "          binary &\n            name f\n            binary <<\n              name g\n"
        "              binary +\n                name h\n                binary *\n"
        "                  name i\n                  unary -\n                    name j\n");
  CHECK(expression_tree("a - b - c") == "binary -\n  binary -\n    name a\n    name b\n  name c\n");
  CHECK(expression_tree("(a - b) % (c)") ==
        "binary %\n  binary -\n    name a\n    name b\n  name c\n");
  CHECK(expression_tree("-!~x[0]") ==
        "unary -\n  unary !\n    unary ~\n      subscript\n        name x\n        single\n"
        "          integer 0\n");
  CHECK(expression_tree("(a < b) == c").starts_with("binary ==\n  binary <\n"));
}

TEST_CASE("literals") {
  CHECK(expression_tree("0x7f") == "integer 127\n");
  CHECK(expression_tree("18446744073709551615") == "integer 18446744073709551615\n");
  CHECK(expression_tree("1e-5") == "float 1e-05\n");
  CHECK(expression_tree("inf") == "float inf\n");
  CHECK(expression_tree("true") == "true\n");
  CHECK(expression_tree("(1, 2.5, nan,)") == "tuple\n  integer 1\n  float 2.5\n  float nan\n");
}

TEST_CASE("calls, casts and generic arguments") {
  CHECK(expression_tree("full<f32>[M, N](0.0)[:, None]") ==
        "subscript\n  call full\n    argument\n      type name f32\n    shape\n      name M\n"
        "      name N\n    float 0\n  full\n  new axis\n");
  CHECK(expression_tree("f<N = 3, T = i8>(x)") ==
        "call f\n  argument N\n    integer 3\n  argument T\n    type name i8\n  name x\n");
  CHECK(expression_tree("reduce<max>(x, 1)") ==
        "call reduce\n  argument\n    name max\n  name x\n  integer 1\n");
  CHECK(expression_tree("i64(x) < f32(y)") ==
        "binary <\n  cast i64\n    name x\n  cast f32\n    name y\n");
  CHECK(expression_tree("n < f32(x)") == "binary <\n  name n\n  cast f32\n    name x\n");
  CHECK(expression_tree("n < m") == "binary <\n  name n\n  name m\n");
  CHECK(expression_tree("(n < m)") == "binary <\n  name n\n  name m\n");
  CHECK(expression_tree("f(n < m, m > (n))").starts_with("call f\n  binary <\n"));
  CHECK(expression_tree("iota<i64>[N]") ==
        "call iota\n  argument\n    type name i64\n  shape\n    name N\n");
}

TEST_CASE("indices") {
  CHECK(expression_tree("x[i, j +: 4, :, None, t] pad -inf") ==
        "subscript\n  name x\n  single\n    name i\n  range\n    name j\n    integer 4\n  full\n"
        "  new axis\n  single\n    name t\n  pad\n    unary -\n      float inf\n");
  CHECK(expression_tree("x[]") == "subscript\n  name x\n");
  CHECK(expression_tree("x[0] pad 0.0 + 1.0") ==
        "binary +\n  subscript\n    name x\n    single\n      integer 0\n"
        "    pad\n      float 0\n  float 1\n");
}

TEST_CASE("statements") {
  auto parsed = parse_text(
      "fn f(n: i64) {\n"
      "  var x: f32[4] = y;\n"
      "  while x < n { x *= 2; break; }\n"
      "  if const n == 1 { return; } else if n == 2 { x /= 2; } else { x -= 1; }\n"
      "  for const i in 0..4 { print(\"i\\n\", i); }\n"
      "}\n");
  CHECK(parsed.messages == "");
  CHECK(parsed.tree ==
        "function f\n  parameter n\n    type i64\n  body\n"
        "    var x\n      type f32[dims]\n        integer 4\n      name y\n"
        "    while\n      binary <\n        name x\n        name n\n      body\n"
        "        assign x *=\n          integer 2\n        break\n"
        "    if const\n      binary ==\n        name n\n        integer 1\n"
        "      then\n        return\n      else\n        if\n          binary ==\n"
        "            name n\n            integer 2\n          then\n"
        "            assign x /=\n              integer 2\n          else\n"
        "            assign x -=\n              integer 1\n"
        "    for const i\n      integer 0\n      integer 4\n      body\n"
        "        call print\n          string \"i\\n\"\n          name i\n");
}

TEST_CASE("spans cover what was written") {
  SourceSet sources;
  FileId file = sources.add("t", "fn f() { let x = (a + b) * c[0]; }");
  Diagnostics diagnostics(sources);
  Ast ast = parse(sources, file, lex(sources, file, diagnostics), diagnostics);
  REQUIRE(ast.functions.size() == 1);
  StmtId let = ast.items_of(ast.functions[0].body.statements)[0];
  CHECK(sources.text(ast[let].span) == "let x = (a + b) * c[0];");
  const Expr& product = ast[ast[let].value];
  CHECK(sources.text(product.span) == "(a + b) * c[0]");
  CHECK(sources.text(product.operator_span) == "*");
  CHECK(sources.text(ast[ast.operand(product, 0)].span) == "(a + b)");
  CHECK(sources.text(ast[ast.operand(product, 1)].span) == "c[0]");
}

TEST_CASE("a moved tree keeps its texts") {
  Ast moved;
  {
    SourceSet sources;
    FileId file = sources.add("t", "fn f() {}");
    Diagnostics diagnostics(sources);
    moved = parse(sources, file, lex(sources, file, diagnostics), diagnostics);
  }
  CHECK(moved.functions[0].name.text == "f");
}

}  // namespace
}  // namespace tile
