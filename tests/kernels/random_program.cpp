// See random_program.h. Everything becomes a named `let`, so that a failing text can be cut down by
// hand.
#include "tests/kernels/random_program.h"

#include <array>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace tile::harness {

namespace {

enum class Element : std::uint8_t { F32, I32, I64, Bool };

/// Extents by name: "BM", "BN", "BK"; empty for a scalar.
using Extents = std::vector<std::string>;

struct Variable {
  std::string name;
  Element element;
  Extents extents;
};

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}
  Row make();

 private:
  int below(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }
  template <std::size_t N>
  std::string one_of(const std::array<const char*, N>& choices) {
    return choices[static_cast<std::size_t>(below(static_cast<int>(N)))];
  }
  void line(const std::string& text) { body_ += std::string(indent_, ' ') + text + "\n"; }
  std::string let(Element element, const Extents& extents, const std::string& expression);
  std::string existing(Element element, const Extents& extents);
  static std::string list(const Extents& extents);
  std::string other_extent() { return one_of(std::array{"BM", "BN", "BK"}); }

  std::string value(Element element, const Extents& extents, int depth);
  std::string f32_value(const Extents& extents, int depth);
  std::string integer_value(Element element, const Extents& extents, int depth);
  std::string bool_value(const Extents& extents, int depth);
  std::string leaf(const Extents& extents);
  std::string load(const Extents& extents);
  std::string unary(const Extents& extents, int depth);
  std::string binary(const Extents& extents, int depth);
  std::string shaped(const Extents& extents, int depth);
  std::string matrix(const Extents& extents, int depth);
  void statement(int depth);
  void loop(int depth);
  void branch(int depth);
  void stream();
  void count_down(int depth);

  std::mt19937_64 random_;
  std::string body_;
  std::size_t indent_ = 2;
  int next_ = 0;
  std::vector<Variable> variables_;
  std::vector<Variable> mutable_;
};

std::string Generator::list(const Extents& extents) {
  return fmt::format("{}", fmt::join(extents, ", "));
}

std::string Generator::let(Element element, const Extents& extents, const std::string& expression) {
  const std::string name = fmt::format("v{}", next_++);
  line(fmt::format("let {} = {};", name, expression));
  variables_.push_back({name, element, extents});
  return name;
}

/// A variable of this type, or an empty text.
std::string Generator::existing(Element element, const Extents& extents) {
  std::vector<std::string> names;
  for (const auto* list : {&variables_, &mutable_}) {
    for (const Variable& variable : *list) {
      if (variable.element == element && variable.extents == extents)
        names.push_back(variable.name);
    }
  }
  return names.empty() ? "" : names[random_() % names.size()];
}

std::string Generator::load(const Extents& extents) {
  const std::array<const char*, 4> rows = {"i*BM", "0", "i*BM - 1", "i*3"};
  const std::array<const char*, 4> columns = {"j*BN", "0", "j*BN + 2", "j - 3"};
  const std::string row = one_of(rows), column = one_of(columns);
  const std::string pad = one_of(std::array{" pad 0.5", " pad -1.0", " pad 0.0"});
  if (extents.empty()) return fmt::format("(x[{}, {}]{})", row, column, pad);
  if (extents.size() == 1) {
    switch (below(4)) {
      case 0:
        return fmt::format("(w[{} +: {}]{})", column, extents[0], pad);
      case 1:
        return fmt::format("(x[{} +: {}, {}]{})", row, extents[0], column, pad);
      case 2:
        return fmt::format("(x[{}, {} +: {}]{})", row, column, extents[0], pad);
      default:
        return fmt::format("w[ids[j*0 +: {}]]", extents[0]);
    }
  }
  if (below(6) == 0)
    return fmt::format("(x[row_ids[0 +: {}], {} +: {}]{})", extents[0], column, extents[1], pad);
  return fmt::format("(x[{} +: {}, {} +: {}]{})", row, extents[0], column, extents[1], pad);
}

std::string Generator::leaf(const Extents& extents) {
  if (below(4) == 0) {
    const std::string number = one_of(std::array{"0.0", "1.25", "-0.375", "0.1", "-0.0"});
    return extents.empty() ? number : fmt::format("full<f32>[{}]({})", list(extents), number);
  }
  if (extents.empty() && below(2) == 0) return one_of(std::array{"f32(i)", "s", "f32(j + M)"});
  return load(extents);
}

/// Keeps values moderate, so that infinities and NaN do not hide everything.
std::string Generator::unary(const Extents& extents, int depth) {
  const std::string a = value(Element::F32, extents, depth - 1);
  const std::string form = one_of(std::array{
      "-{}", "abs({})", "floor({})", "round({})", "sqrt(abs({}))", "exp(min({}, 3.0))",
      "sigmoid({})", "rsqrt(abs({}) + 0.1)", "tanh({})", "f32(i32({}))", "max({}, 0.0)"});
  return fmt::format(fmt::runtime(form), a);
}

std::string Generator::binary(const Extents& extents, int depth) {
  const std::string a = value(Element::F32, extents, depth - 1);
  std::string b;
  const int form = below(3);
  if (extents.size() == 2 && form == 0) {
    b = value(Element::F32, {extents[0]}, depth - 1) + "[:, None]";
  } else if (extents.size() == 2 && form == 1) {
    b = value(Element::F32, {extents[1]}, depth - 1) + "[None, :]";
  } else if (form == 2) {
    b = value(Element::F32, {}, depth - 1);
  } else {
    b = value(Element::F32, extents, depth - 1);
  }
  const std::string operation =
      one_of(std::array{"{} + {}", "{} - {}", "({} * {}) * 0.5", "min({}, {})", "max({}, {})",
                        "{1} - {0}", "{} / (abs({}) + 1.0)", "max_number({}, {})"});
  return fmt::format(fmt::runtime(operation), a, b);
}

/// Rank 2 only.
std::string Generator::matrix(const Extents& extents, int depth) {
  const std::string inner = other_extent();
  switch (below(4)) {
    case 0:
    case 1: {
      const std::string a = value(Element::F32, {extents[0], inner}, depth - 1);
      const std::string b = value(Element::F32, {inner, extents[1]}, depth - 1);
      const std::string acc = value(Element::F32, extents, depth - 1);
      return fmt::format("dot({}, {}, {}) * 0.125", a, b, acc);
    }
    case 2:
      return fmt::format("transpose({})", value(Element::F32, {extents[1], extents[0]}, depth - 1));
    default: {
      const std::string a = value(Element::F32, {extents[0]}, depth - 1);
      const std::string b = value(Element::F32, {extents[1]}, depth - 1);
      return fmt::format("{}[:, None] * {}[None, :]", a, b);
    }
  }
}

/// Values that come from another shape.
std::string Generator::shaped(const Extents& extents, int depth) {
  const std::string kind =
      one_of(std::array{"sum", "sum", "prod", "reduce_max", "reduce_min", "reduce<decay>"});
  const std::string other = other_extent(), third = other_extent();
  if (extents.size() == 2) {
    if (below(3) > 0) return matrix(extents, depth);
    const std::string scan = one_of(std::array{"cumsum", "cumsum", "cumprod", "scan<decay>"});
    return fmt::format("{}({}, {}) * 0.25", scan, value(Element::F32, extents, depth - 1),
                       below(2));
  }
  if (extents.empty()) {
    if (below(3) > 0)
      return fmt::format("{}({}, 0) * 0.25", kind, value(Element::F32, {other}, depth - 1));
    const std::string x = value(Element::F32, {other, third}, depth - 1);
    return fmt::format("{}(reshape({}, {}*{}), 0) * 0.125", kind, x, other, third);
  }
  const std::string& own = extents[0];
  switch (below(4)) {
    case 0: {
      const std::string a = value(Element::F32, {own, other}, depth - 1);
      const std::string b = value(Element::F32, {own, third}, depth - 1);
      return fmt::format("{}(concat({}, {}, 1), 1) * 0.25", kind, a, b);
    }
    case 1:
      return fmt::format("{}({}, 1) * 0.25", kind, value(Element::F32, {own, other}, depth - 1));
    case 2:
      return fmt::format("{}({}, 0) * 0.25", kind, value(Element::F32, {other, own}, depth - 1));
    default: {
      const std::string cube = fmt::format("{}[:, :, None] - {}[None, :, :]",
                                           value(Element::F32, {own, other}, depth - 1),
                                           value(Element::F32, {other, third}, depth - 1));
      return fmt::format("{}({}({}, 2), 1) * 0.25", kind, kind, cube);
    }
  }
}

std::string Generator::f32_value(const Extents& extents, int depth) {
  switch (below(11)) {
    case 0:
      return leaf(extents);
    case 1:
    case 2:
      return unary(extents, depth);
    case 3:
    case 4:
      return binary(extents, depth);
    case 5: {
      const std::string condition = value(Element::Bool, extents, depth - 1);
      const std::string a = value(Element::F32, extents, depth - 1);
      return fmt::format("where({}, {}, {})", condition, a,
                         value(Element::F32, extents, depth - 1));
    }
    case 6: {
      const Element integer = below(2) == 0 ? Element::I32 : Element::I64;
      return fmt::format("f32({})", value(integer, extents, depth - 1));
    }
    case 7: {
      const std::string a = value(Element::F32, extents, depth - 1);
      const std::string b = value(Element::F32, extents, depth - 1);
      return fmt::format("fma({}, 0.5, {})", a, b);
    }
    case 8: {
      const std::string a = value(Element::F32, extents, depth - 1);
      const std::string b = value(Element::F32, extents, depth - 1);
      if (below(2) == 0) return fmt::format("mix({}, {})", a, b);
      const int pair = next_++;
      line(fmt::format("let (s{0}, p{0}) = sum_and_product({1}, {2});", pair, a, b));
      variables_.push_back({fmt::format("s{}", pair), Element::F32, extents});
      return fmt::format("p{} * 0.5", pair);
    }
    default:
      return shaped(extents, depth);
  }
}

/// i32 or i64.
std::string Generator::integer_value(Element element, const Extents& extents, int depth) {
  const std::string type = element == Element::I32 ? "i32" : "i64";
  const Element other = element == Element::I32 ? Element::I64 : Element::I32;
  if (depth <= 0 || below(4) == 0) {
    if (extents.empty()) {
      const std::string scalar = one_of(std::array{"i", "j", "-7", "N"});
      return fmt::format("{}({})", type, scalar);
    }
    if (extents.size() == 1) return fmt::format("iota<{}>[{}]", type, extents[0]);
    return fmt::format("iota<{0}>[{1}][:, None] * 3 - iota<{0}>[{2}][None, :]", type, extents[0],
                       extents[1]);
  }
  if (below(5) == 0)
    return fmt::format("{}({} * 8.0)", type, value(Element::F32, extents, depth - 1));
  if (below(5) == 0) return fmt::format("{}({})", type, value(other, extents, depth - 1));
  if (extents.size() == 1 && below(3) == 0) {
    const std::string kind = one_of(std::array{"argmax", "argmin"});
    const std::string x = value(Element::F32, {extents[0], other_extent()}, depth - 1);
    return fmt::format("{}({}({}, 1))", type, kind, x);
  }
  if (extents.size() == 1 && below(3) == 0) {
    const std::string kind = one_of(std::array{"sum", "reduce_max", "reduce_xor", "prod"});
    return fmt::format("{}({}, 0)", kind, value(element, {other_extent(), extents[0]}, depth - 1));
  }
  const std::string a = value(element, extents, depth - 1);
  const std::string b = value(element, extents, depth - 1);
  const std::string operation =
      one_of(std::array{"{} + {}", "{} - {}", "{} * {}", "{} / {}", "{} % {}", "{} & {}", "{} | {}",
                        "{} ^ {}", "min({}, {})", "max({}, {})", "({0} << 3) - {1}",
                        "({0} >> 2) + {1}", "{} << {}", "{} >> {}"});
  return fmt::format(fmt::runtime(operation), a, b);
}

std::string Generator::bool_value(const Extents& extents, int depth) {
  const std::string compare = one_of(std::array{"<", "<=", ">", ">=", "==", "!="});
  if (depth > 0 && below(4) == 0) {
    const std::string a = value(Element::Bool, extents, depth - 1);
    return fmt::format("{} {} {}", a, one_of(std::array{"&&", "||"}),
                       value(Element::Bool, extents, depth - 1));
  }
  const Element element = std::array{Element::F32, Element::I32, Element::I64}[random_() % 3];
  const std::string a = value(element, extents, depth - 1);
  return fmt::format("{} {} {}", a, compare, value(element, extents, depth - 1));
}

std::string Generator::value(Element element, const Extents& extents, int depth) {
  if (depth <= 0 || below(3) == 0) {
    const std::string known = existing(element, extents);
    if (!known.empty()) return known;
  }
  std::string expression;
  switch (element) {
    case Element::F32:
      expression = depth <= 0 ? leaf(extents) : f32_value(extents, depth);
      break;
    case Element::I32:
    case Element::I64:
      expression = integer_value(element, extents, depth);
      break;
    case Element::Bool:
      expression = bool_value(extents, depth);
      break;
  }
  return let(element, extents, expression);
}

void Generator::loop(int depth) {
  const std::size_t known = variables_.size();
  const std::string bounds = one_of(std::array{"0..3", "0..n", "1..n step 2", "0..i + 1", "j..j"});
  line(fmt::format("for k{} in {} {{", next_++, bounds));
  indent_ += 2;
  for (int count = 1 + below(2); count > 0; --count) statement(depth - 1);
  indent_ -= 2;
  line("}");
  variables_.resize(known);
}

void Generator::branch(int depth) {
  const std::string condition = below(2) == 0
                                    ? one_of(std::array{"i % 2 == 0", "j > 0", "n > 2", "s < 0.0"})
                                    : value(Element::Bool, {}, 1);
  const std::size_t known = variables_.size();
  line(fmt::format("if {} {{", condition));
  for (const bool is_else : {false, true}) {
    indent_ += 2;
    for (int count = 1 + below(2); count > 0; --count) statement(depth - 1);
    indent_ -= 2;
    variables_.resize(known);
    if (!is_else && below(2) == 0) break;
    line(is_else ? "}" : "} else {");
    if (is_else) return;
  }
  line("}");
}

/// What kernels are mostly made of: a walk over k, whose accesses need masks at the end only.
void Generator::stream() {
  const int k = next_++;
  line(fmt::format("for k{} in 0..ceil_div(N, BK) {{", k));
  if (below(2) == 0) {
    line(fmt::format("  m0 = dot(x[i*BM +: BM, k{0}*BK +: BK], y[k{0}*BK +: BK, j*BN +: BN], m0);",
                     k));
  }
  if (below(2) == 0) {
    line(fmt::format("  m1 = m1 + {}(x[i*BM +: BM, k{}*BK +: BK], 1);",
                     one_of(std::array{"sum", "reduce_max", "prod"}), k));
  }
  if (below(2) == 0) line(fmt::format("  m3 = m3 * 0.5 + x[i*BM +: BM, k{}*BK +: BK];", k));
  if (below(2) == 0) line(fmt::format("  m4 = max(m4, y[k{}*BK, j]) - 0.25;", k));
  line("}");
}

void Generator::count_down(int depth) {
  const int c = next_++;
  const std::size_t known = variables_.size();
  line(fmt::format("var c{}: i64 = {};", c, one_of(std::array{"n", "3", "i"})));
  line(fmt::format("while c{} > 0 {{", c));
  indent_ += 2;
  statement(depth - 1);
  line(fmt::format("c{0} = c{0} - 1;", c));
  indent_ -= 2;
  line("}");
  variables_.resize(known);
}

/// Changes a variable, perhaps inside a loop or branch.
void Generator::statement(int depth) {
  const int form = below(8);
  if (form == 2) return stream();
  if (depth > 0 && form == 3) return count_down(depth);
  if (depth > 0 && form == 0) return loop(depth);
  if (depth > 0 && form == 1) return branch(depth);
  const Variable& target = mutable_[random_() % mutable_.size()];
  const std::string next = value(target.element, target.extents, 2);
  line(fmt::format("{} = {};", target.name, next));
}

Row Generator::make() {
  const std::array<const char*, 9> extents = {"1", "2", "4", "5", "8", "16", "19", "32", "3"};
  const std::string bm = one_of(extents), bn = one_of(extents), bk = one_of(extents);
  const std::array<Extents, 5> shapes = {Extents{"BM", "BN"}, {"BM"}, {"BN"}, {"BM", "BK"}, {}};
  for (const Extents& shape : shapes) {
    const std::string start = value(Element::F32, shape, 1);
    const std::string name = fmt::format("m{}", mutable_.size());
    line(fmt::format("var {} = {};", name, start));
    mutable_.push_back({name, Element::F32, shape});
  }
  for (int count = 2 + below(4); count > 0; --count) statement(2);
  const std::string whole = value(Element::I32, {"BM", "BN"}, 2);
  const std::string wide = value(Element::I64, {"BN"}, 2);
  const std::string text = fmt::format(
      "// A random kernel.\n"
      "fn mix(a: f32[...], b: f32[...]) -> f32[...] {{ return a * 0.5 + b * 0.25; }}\n"
      "fn sum_and_product(a: f32[...], b: f32[...]) -> (f32[...], f32[...]) {{\n"
      "  return a + b, a * b;\n}}\n"
      "fn decay(a: f32, b: f32) -> f32 {{ return a * 0.5 + b; }}\n"
      "kernel random<const BM: int = {}, const BN: int = {}, const BK: int = {}>(\n"
      "    x: tensor<f32>[M, N], w: tensor<f32>[N], ids: tensor<i64>[64], row_ids: "
      "tensor<i64>[64],\n"
      "    n: i64, s: f32, a: out tensor<f32>[M, N], b: out tensor<f32>[M, J], c: out "
      "tensor<f32>[I, N],\n"
      "    d: out tensor<f32>[I, J], e: out tensor<i32>[M, N],\n"
      "    f: out tensor<i64>[I, N], y: tensor<f32>[N, N], z: inout tensor<f32>[M, N])\n"
      "  grid (ceil_div(M, BM), ceil_div(N, BN))\n{{\n  let (i, j) = program();\n"
      "  let z0 = z[i*BM +: BM, j*BN +: BN];\n{}"
      "  a[i*BM +: BM, j*BN +: BN] = m0;\n  b[i*BM +: BM, j] = m1 + sum(m3, 1);\n"
      "  c[i, j*BN +: BN] = m2;\n  d[i, j] = m4;\n  e[i*BM +: BM, j*BN +: BN] = {};\n"
      "  f[i, j*BN +: BN] = {};\n  z[i*BM +: BM, j*BN +: BN] = z0 + m0;\n}}\n",
      bm, bn, bk, body_, whole, wide);
  Row row{.file = text, .kernel = "random"};
  const std::int64_t m = std::stoll(bm), n = std::stoll(bn);
  for (int count = 0; count < 3; ++count) {
    const std::int64_t rows = std::max<std::int64_t>(1, m * below(3) + below(3) - 1);
    const std::int64_t columns = std::max<std::int64_t>(1, n * below(3) + below(3) - 1);
    row.sizes.push_back(
        {{"M", rows}, {"N", columns}, {"I", (rows + m - 1) / m}, {"J", (columns + n - 1) / n}});
  }
  row.fills = {{"ids", {0, 1000}}, {"row_ids", {0, 1000}}};
  row.prepare = [](Values& v) {
    for (double& id : v["ids"]) id = std::fmod(id, static_cast<double>(v.size("N")));
    for (double& id : v["row_ids"]) id = std::fmod(id, static_cast<double>(v.size("M")));
  };
  row.scalars = {{"n", below(5)}, {"s", below(2) == 0 ? 0.75 : -1.5}};
  row.wild = Wild::None;
  return row;
}

}  // namespace

Row random_row(std::uint64_t seed) { return Generator(seed).make(); }

}  // namespace tile::harness
