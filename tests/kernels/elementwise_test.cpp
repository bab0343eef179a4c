// kernels/map.tile and copy.tile: every function a framework op passes to them, and the first
// example.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "tests/kernels/harness.h"

namespace tile::harness {
namespace {

using Unary = double (*)(double);
using Binary = double (*)(double, double);

const std::vector<Settings> map_tunes = {
    {{"BC", "2"}, {"BD", "16"}}, {{"BC", "1"}, {"BD", "7"}}, {{"BC", "5"}, {"BD", "64"}}};

std::vector<Sizes> map_sizes() {
  return {{{"A", 2}, {"B", 3}, {"C", 5}, {"D", 17}},
          {{"A", 1}, {"B", 2}, {"C", 4}, {"D", 33}},
          {{"A", 1}, {"B", 1}, {"C", 1}, {"D", 1}},
          {{"A", 2}, {"B", 1}, {"C", 0}, {"D", 8}},
          {{"A", 1}, {"B", 1}, {"C", 1}, {"D", 521}}};
}

Row unary_row(const std::string& function, Unary reference, Fill fill = {-2, 2}) {
  return {
      .file = "kernels/map.tile",
      .kernel = "map_unary",
      .settings = {{"F", function}},
      .tunes = map_tunes,
      .sizes = map_sizes(),
      .fills = {{"x", fill}},
      .reference = [=](Values& v) { std::ranges::transform(v["x"], v["y"].begin(), reference); },
      .tolerance = 1e-6,
      .real_tolerance = 1e-7};
}

Row binary_row(const std::string& function, Binary reference, Fill fill = {-2, 2}) {
  return {.file = "kernels/map.tile",
          .kernel = "map_binary",
          .settings = {{"F", function}},
          .tunes = map_tunes,
          .sizes = map_sizes(),
          .fills = {{"p", fill}, {"q", fill}},
          .reference =
              [=](Values& v) { std::ranges::transform(v["p"], v["q"], v["y"].begin(), reference); },
          .tolerance = 1e-6,
          .real_tolerance = 1e-7};
}

TEST_CASE("examples/01_vector_add") {
  run_row({.file = "examples/01_vector_add.tile",
           .kernel = "vector_add",
           .tunes = {{{"B", "16"}}, {{"B", "1"}}, {{"B", "37"}}, {{"B", "256"}}},
           .sizes = product_of({{"N", {1, 0, 15, 16, 17, 31, 1000}}}),
           .reference = [](Values& v) {
             std::ranges::transform(v["a"], v["b"], v["c"].begin(), std::plus<>());
           }});
}

TEST_CASE("map_unary") {
  run_row(unary_row("exp", [](double x) { return std::exp(x); }, {-20, 5}));
  run_row(unary_row("exp2", [](double x) { return std::exp2(x); }, {-20, 5}));
  run_row(unary_row("expm1", [](double x) { return std::expm1(x); }));
  run_row(unary_row("log", [](double x) { return std::log(x); }, {0.01, 100}));
  run_row(unary_row("log2", [](double x) { return std::log2(x); }, {0.01, 100}));
  run_row(unary_row("log10", [](double x) { return std::log10(x); }, {0.01, 100}));
  run_row(unary_row("log1p", [](double x) { return std::log1p(x); }, {-0.9, 10}));
  run_row(unary_row("sin", [](double x) { return std::sin(x); }, {-100, 100}));
  run_row(unary_row("cos", [](double x) { return std::cos(x); }, {-100, 100}));
  run_row(unary_row("tan", [](double x) { return std::tan(x); }, {-1.3, 1.3}));
  run_row(unary_row("asin", [](double x) { return std::asin(x); }, {-1, 1}));
  run_row(unary_row("acos", [](double x) { return std::acos(x); }, {-1, 1}));
  run_row(unary_row("atan", [](double x) { return std::atan(x); }, {-10, 10}));
  run_row(unary_row("sinh", [](double x) { return std::sinh(x); }, {-4, 4}));
  run_row(unary_row("cosh", [](double x) { return std::cosh(x); }, {-4, 4}));
  run_row(unary_row("tanh", [](double x) { return std::tanh(x); }, {-10, 10}));
  run_row(unary_row("erf", [](double x) { return std::erf(x); }, {-4, 4}));
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

TEST_CASE("map_unary: activations and small functions") {
  run_row(unary_row("sigmoid", sigmoid, {-20, 20}));
  run_row(unary_row("silu", [](double x) { return x * sigmoid(x); }, {-20, 20}));
  run_row(
      unary_row("gelu_erf", [](double x) { return x / 2 * (1 + std::erf(x / std::sqrt(2.0))); }));
  run_row(unary_row("relu", [](double x) { return x > 0 ? x : 0; }));
  run_row(unary_row("rsqrt", [](double x) { return 1 / std::sqrt(x); }, {0.01, 100}));
  run_row(unary_row("cbrt", [](double x) { return std::cbrt(x); }, {-100, 100}));
  run_row(unary_row("square_root", [](double x) { return std::sqrt(x); }, {0, 100}));
  run_row(unary_row("reciprocal", [](double x) { return 1 / x; }, {0.1, 10}));
  run_row(unary_row("round_nearest", [](double x) { return std::nearbyint(x); }, {-9, 9}));
  run_row(unary_row("round_down", [](double x) { return std::floor(x); }, {-9, 9}));
  run_row(unary_row("round_up", [](double x) { return std::ceil(x); }, {-9, 9}));
  run_row(unary_row("magnitude", [](double x) { return std::fabs(x); }));
  run_row(unary_row("negate", [](double x) { return -x; }));
  run_row(unary_row("sign", [](double x) { return double((x > 0) - (x < 0)); }));
}

TEST_CASE("map_unary: casts and integers") {
  const auto row = [](const std::string& function, const std::string& from, const std::string& to,
                      Unary reference, Fill fill) {
    Row made = unary_row(function, reference, fill);
    made.settings.insert(made.settings.end(), {{"X", from}, {"Y", to}});
    made.real_tolerance = 0;  // rounds as f32 does
    run_row(made);
  };
  const auto same = [](double x) { return x; };
  row("to_i32", "f32", "i32", [](double x) { return std::trunc(x); }, {-1000, 1000});
  row("to_i64", "f32", "i64", [](double x) { return std::trunc(x); }, {-1e9, 1e9});
  row("to_f32", "i64", "f32", same, {-1000, 1000});
  row("to_f32", "i32", "f32", same, {-1000, 1000});
  row("to_f32", "bool", "f32", same, {0, 2});
  row("to_bool", "f32", "bool", [](double x) { return double(x != 0); }, {-1, 1});
  row("to_i64", "i32", "i64", same, {-1000, 1000});
  row("to_i32", "i64", "i32", same, {-1000, 1000});
  row("to_f32", "u8", "f32", same, {0, 256});
  row("to_i32", "i8", "i32", same, {-128, 128});
  row("identity", "i64", "i64", same, {-1000, 1000});
  row("negate", "i64", "i64", [](double x) { return -x; }, {-1000, 1000});
  row("complement", "i32", "i32", [](double x) { return -x - 1; }, {-1000, 1000});
  row("magnitude", "i32", "i32", [](double x) { return std::fabs(x); }, {-1000, 1000});
  row("logical_not", "bool", "bool", [](double x) { return 1 - x; }, {0, 2});
}

TEST_CASE("map_binary") {
  run_row(binary_row("add", [](double a, double b) { return a + b; }));
  run_row(binary_row("subtract", [](double a, double b) { return a - b; }));
  run_row(binary_row("multiply", [](double a, double b) { return a * b; }));
  run_row(binary_row("divide", [](double a, double b) { return a / b; }, {0.5, 4}));
  run_row(binary_row("larger", [](double a, double b) { return std::fmax(a, b); }));
  run_row(binary_row("smaller", [](double a, double b) { return std::fmin(a, b); }));
  run_row(binary_row("pow", [](double a, double b) { return std::pow(a, b); }, {0.1, 4}));
  run_row(binary_row("atan2", [](double a, double b) { return std::atan2(a, b); }));
  run_row(binary_row("hypot", [](double a, double b) { return std::hypot(a, b); }));
  Row fmod = binary_row("fmod", [](double a, double b) { return std::fmod(a, b); }, {0.5, 40});
  run_row(fmod);
  run_row(binary_row("copysign", [](double a, double b) { return std::copysign(a, b); }));
  run_row(binary_row("gate", [](double a, double b) { return a * sigmoid(a) * b; }));
}

TEST_CASE("map_binary: comparisons and integers") {
  const auto row = [](const std::string& function, const std::string& from, const std::string& to,
                      Binary reference, Fill fill) {
    Row made = binary_row(function, reference, fill);
    made.settings.insert(made.settings.end(), {{"X", from}, {"Y", to}});
    run_row(made);
  };
  const auto less = [](double a, double b) { return double(a < b); };
  const auto equal = [](double a, double b) { return double(a == b); };
  const auto divide = [](double a, double b) { return b == 0 ? 0 : std::trunc(a / b); };
  const auto remainder = [](double a, double b) { return b == 0 ? a : std::fmod(a, b); };
  row("less", "f32", "bool", less, {-2, 2});
  row("less", "i64", "bool", less, {-5, 5});
  row("equal", "i64", "bool", equal, {-3, 3});
  row("equal", "bool", "bool", equal, {0, 2});
  row("not_equal", "i32", "bool", [](double a, double b) { return double(a != b); }, {-3, 3});
  row("greater_equal", "u8", "bool", [](double a, double b) { return double(a >= b); }, {0, 256});
  row("divide", "i32", "i32", divide, {-9, 9});
  row("remainder", "i32", "i32", remainder, {-9, 9});
  row("divide", "i64", "i64", divide, {-9, 9});
  row("remainder", "i64", "i64", remainder, {-9, 9});
  row("multiply", "i32", "i32", [](double a, double b) { return a * b; }, {-1000, 1000});
  row("multiply", "i64", "i64", [](double a, double b) { return a * b; }, {-1000, 1000});
  row("smaller", "i64", "i64", [](double a, double b) { return std::fmin(a, b); }, {-50, 50});
  row("both", "bool", "bool", [](double a, double b) { return a * b; }, {0, 2});
  row("exclusive", "i32", "i32", [](double a, double b) { return double(int(a) ^ int(b)); },
      {-1000, 1000});
}

TEST_CASE("map_scalar, map_update, map_where, map_ternary, map_add_scaled, fill") {
  Row scalar = unary_row("multiply", [](double x) { return x * 1.25; });
  scalar.kernel = "map_scalar";
  scalar.scalars = {{"s", 1.25}};
  run_row(scalar);
  Row update = binary_row("add", nullptr);
  update.kernel = "map_update";
  update.fills = {};
  update.reference = [](Values& v) {
    std::ranges::transform(v["x"], v["q"], v["x"].begin(), std::plus<>());
  };
  run_row(update);
  Row update_scalar = scalar;
  update_scalar.kernel = "map_update_scalar";
  update_scalar.reference = [](Values& v) {
    for (double& x : v["x"]) x *= 1.25;
  };
  run_row(update_scalar);
  Row where = binary_row("add", nullptr);
  where.kernel = "map_where";
  where.settings = {};
  where.reference = [](Values& v) {
    for (std::size_t i = 0; i < v["y"].size(); ++i) {
      v["y"][i] = v["condition"][i] != 0 ? v["p"][i] : v["q"][i];
    }
  };
  run_row(where);
  Row ternary = binary_row("fused_multiply_add", nullptr);
  ternary.kernel = "map_ternary";
  ternary.reference = [](Values& v) {
    for (std::size_t i = 0; i < v["y"].size(); ++i) v["y"][i] = v["p"][i] * v["q"][i] + v["r"][i];
  };
  run_row(ternary);
  Row scaled = where;
  scaled.kernel = "map_add_scaled";
  scaled.scalars = {{"s", -0.75}};
  scaled.reference = [](Values& v) {
    for (std::size_t i = 0; i < v["y"].size(); ++i) v["y"][i] = v["p"][i] - 0.75 * v["q"][i];
  };
  run_row(scaled);
  run_row({.file = "kernels/copy.tile",
           .kernel = "fill",
           .tunes = map_tunes,
           .sizes = map_sizes(),
           .scalars = {{"value", 2.5}},
           .reference = [](Values& v) { std::ranges::fill(v["x"], 2.5); }});
}

}  // namespace
}  // namespace tile::harness
