// Every op of functions.h through check_gradients: gradients and gradients of gradients over the
// real numbers, fused and recorded, and the f32 ones against them. An op that functions.h declares
// has to be in the tables here, or in the list of those without gradients.
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <regex>
#include <set>

#include "runtime/autograd/check_gradients.h"
#include "runtime/autograd/functions.h"
#include "runtime/tensor/random.h"

namespace pg {
namespace {

Tensor normal(const Shape& shape, std::uint64_t seed = 1) {
  Generator generator(seed);
  return randn(shape, &generator);
}

/// Uniform in [low, high], with `gap` around zero left out.
Tensor uniform(const Shape& shape, double low, double high, double gap = 0.0,
               std::uint64_t seed = 3) {
  Generator generator(seed);
  std::vector<float> values(static_cast<std::size_t>(element_count("test", shape)));
  generator.uniform(values);
  for (float& value : values) {
    value = static_cast<float>(low + (high - low) * value);
    if (std::abs(value) < gap) value = static_cast<float>(std::copysign(gap, value));
  }
  return from_data(values, shape);
}

Tensor ids(const std::vector<std::int32_t>& values, const Shape& shape) {
  return from_data(values, shape);
}

struct UnaryCase {
  const char* name;
  Tensor (*function)(const Tensor&);
  double low = -2.0, high = 2.0, gap = 0.0;
};

const UnaryCase unary_cases[] = {
    {"neg", neg},
    {"abs", abs, -2, 2, 0.1},
    {"sign", sign, -2, 2, 0.1},
    {"square", square},
    {"sqrt", sqrt, 0.5},
    {"rsqrt", rsqrt, 0.5},
    {"reciprocal", reciprocal, 0.5},
    {"exp", exp},
    {"exp2", exp2},
    {"expm1", expm1},
    {"log", log, 0.5},
    {"log2", log2, 0.5},
    {"log10", log10, 0.5},
    {"log1p", log1p, -0.5},
    {"sin", sin},
    {"cos", cos},
    {"tan", tan, -1, 1},
    {"asin", asin, -0.8, 0.8},
    {"acos", acos, -0.8, 0.8},
    {"atan", atan},
    {"sinh", sinh},
    {"cosh", cosh},
    {"tanh", tanh},
    {"erf", erf},
    {"cbrt", cbrt, 0.5},
    {"sigmoid", sigmoid},
    {"silu", silu},
    {"relu", relu, -2, 2, 0.1},
    {"gelu", gelu},
    {"gelu_tanh", gelu_tanh},
    {"floor", floor, 0.1, 0.9},
    {"ceil", ceil, 0.1, 0.9},
    {"round", round, -0.4, 0.4},
    {"trunc", trunc, 0.1, 0.9},
    {"clone", clone},
    {"contiguous", contiguous},
};

/// Operands are in (0.5, 2), broadcast with each other.
struct BinaryCase {
  const char* name;
  Tensor (*tensors)(const Tensor&, const Tensor&);
  Tensor (*number)(const Tensor&, double);
};

const BinaryCase binary_cases[] = {
    {"add", add, add},
    {"sub", sub, sub},
    {"mul", mul, mul},
    {"div", div, div},
    {"pow", pow, pow},
    {"maximum", maximum, maximum},
    {"minimum", minimum, minimum},
    {"atan2", atan2, atan2},
    {"hypot", hypot, hypot},
    {"fmod", fmod, fmod},
    {"remainder", remainder, remainder},
};

/// Ops with more to say than one or two operands; several cases may bear one name.
struct Case {
  const char* name;
  TensorFunction function;
  Tensors inputs;
  CheckGradientsOptions options = {};
};

std::vector<Case> reductions() {
  std::vector<Case> cases;
  const Tensor x = normal({3, 4, 5}, 4);
  for (const Dims& axes : {Dims{}, Dims{1}, Dims{0, 2}, Dims{-1}}) {
    for (const bool keepdim : {false, true}) {
      const auto add = [&](const char* name, auto function) {
        cases.push_back(
            {name, [=](const Tensors& in) { return function(in[0], axes, keepdim); }, {x}});
      };
      add("sum", sum);
      add("mean", mean);
      add("amax", amax);
      add("amin", amin);
    }
  }
  const auto along = [&](const char* name, Tensor (*function)(const Tensor&)) {
    cases.push_back({name, [=](const Tensors& in) { return square(function(in[0])); }, {x}});
  };
  along("var", [](const Tensor& t) { return var(t, {0, 2}); });
  along("var", [](const Tensor& t) { return var(t, {}, 0, true); });
  along("std", [](const Tensor& t) { return std(t, 1); });
  along("std", [](const Tensor& t) { return std(t, -1, 0, true); });
  along("prod", [](const Tensor& t) { return prod(t, {0, 2}); });
  along("prod", [](const Tensor& t) { return prod(t, 1, true); });
  along("max", [](const Tensor& t) { return max(t, 1).values + max(t); });
  along("min", [](const Tensor& t) { return min(t, -1, true).values + min(t); });
  along("logsumexp", [](const Tensor& t) { return logsumexp(t, {0, 1}); });
  along("norm", [](const Tensor& t) { return norm(t, 2.0, 0) + norm(t, 3.0); });
  along("norm", [](const Tensor& t) { return norm(t, 1.0, 0) + norm(t, INFINITY, 1, true); });
  along("cumsum", [](const Tensor& t) { return cumsum(t, 1); });
  along("sort", [](const Tensor& t) { return sort(t, 0).values + sort(t, 1, true).values; });
  along("topk", [](const Tensor& t) { return topk(t, 2).values + topk(t, 2, -1, false).values; });
  cases.push_back({"sum_to", [](const Tensors& in) { return square(sum_to(in[0], {4, 1})); }, {x}});
  cases.push_back({"amax", [](const Tensors& in) { return square(amax(in[0], {1})); }, {x}});
  return cases;
}

/// Results are squared, so that the gradients depend on the values and their places.
std::vector<Case> shapes() {
  std::vector<Case> cases;
  const Tensor x = normal({2, 3, 4}, 5);
  const auto add = [&](const char* name, Tensor (*function)(const Tensor&)) {
    cases.push_back({name, [=](const Tensors& in) { return square(function(in[0])); }, {x}});
  };
  add("transpose", [](const Tensor& t) { return transpose(t, 0, 2); });
  add("permute", [](const Tensor& t) { return permute(t, {2, 0, -2}); });
  add("reshape", [](const Tensor& t) { return reshape(t, {4, -1}); });
  add("reshape", [](const Tensor& t) { return reshape(transpose(t, 0, 1), {24}); });
  add("expand", [](const Tensor& t) { return expand(unsqueeze(t, 1), {2, 5, 3, 4}); });
  add("squeeze", [](const Tensor& t) { return squeeze(narrow(t, 1, 1, 1), 1); });
  add("unsqueeze", [](const Tensor& t) { return unsqueeze(t, -1); });
  add("flatten", [](const Tensor& t) { return flatten(narrow(t, 1, 1, 2)); });
  add("select", [](const Tensor& t) { return select(t, 1, -1); });
  add("slice", [](const Tensor& t) { return slice(t, 2, 1, 4, 2); });
  add("slice", [](const Tensor& t) { return slice(t, -1, -3, -1); });
  add("narrow", [](const Tensor& t) { return narrow(t, 1, 1, 2); });
  add("contiguous", [](const Tensor& t) { return contiguous(transpose(t, 1, 2)); });
  add("cat", [](const Tensor& t) { return cat(Tensors{t, narrow(t, 1, 0, 2) * 2.0}, 1); });
  add("stack", [](const Tensor& t) { return stack(Tensors{t, t * t}, 1); });
  add("squeeze", [](const Tensor& t) { return squeeze(narrow(t, 1, 1, 1)); });
  add("split", [](const Tensor& t) { return split(t, {1, 3}, 2)[1]; });
  add("chunk", [](const Tensor& t) { return chunk(t, 2, -1)[1]; });
  add("unbind", [](const Tensor& t) { return unbind(t, 1)[2] * unbind(t, 1)[0]; });
  add("repeat", [](const Tensor& t) { return repeat(t, {2, 1, 3, 1}); });
  add("flip", [](const Tensor& t) { return flip(t, {0, -1}) * t; });
  add("roll", [](const Tensor& t) { return roll(t, 2, 1) * roll(t, -1); });
  add("tril", [](const Tensor& t) { return tril(t, 1); });
  add("triu", [](const Tensor& t) { return triu(t); });
  add("split", [](const Tensor& t) { return split(t, 3, 2)[1] * split(t, 3, 2)[0].sum(); });
  return cases;
}

std::vector<Case> selections() {
  const Tensor a = normal({2, 3}, 1);
  const Tensor b = normal({3}, 2);
  const Tensor chosen = from_bools({true, false, true, false, false, true}, {2, 3});
  return {
      {"where",
       [](const Tensors& in) { return where(in[2], square(in[0]), exp(in[1])); },
       {a, b, chosen}},
      {"where", [](const Tensors& in) { return where(in[1], square(in[0]), 2.0); }, {a, chosen}},
      {"where", [](const Tensors& in) { return where(in[1], 2.0, square(in[0])); }, {b, chosen}},
      {"masked_fill",
       [](const Tensors& in) { return masked_fill(exp(in[0]), in[1], 2.0); },
       {a, chosen}},
      {"masked_select",
       [](const Tensors& in) { return square(masked_select(in[0], in[1])); },
       {b, chosen}},
      {"clamp", [](const Tensors& in) { return clamp(square(in[0]), 0.01, 0.52); }, {a}},
  };
}

std::vector<Case> places() {
  const Tensor x = normal({3, 4, 5}, 1);
  const Tensor v = normal({2, 4}, 2);
  const Tensor rows = ids({2, 0, 2}, {3});
  const Tensor columns = ids({4, 0, 0}, {3});
  const Tensor distinct = ids({2, 0}, {2});
  const Tensor along = ids({1, 0, 2, 2, 0, 1, 0, 0}, {2, 4});
  const Tensor meeting = ids({1, 0, 2, 2, 1, 1, 2, 0}, {2, 4});  // of values that meet one stays
  std::vector<Case> cases = {
      {"index", [](const Tensors& in) { return square(index(in[0], {in[1]})); }, {x, rows}},
      {"index",
       [](const Tensors& in) { return square(in[0][Slice(), in[1], in[2]]); },
       {x, rows, columns}},
      {"index",
       [](const Tensors& in) { return square(in[0][in[1], Slice(None, 3), in[2]]); },
       {x, rows, columns}},
      {"index", [](const Tensors& in) { return square(in[0][1, Slice(0, 3, 2), None]); }, {x}},
      {"index_select",
       [](const Tensors& in) { return square(index_select(in[0], 1, in[1])); },
       {x, rows}},
      {"gather", [](const Tensors& in) { return square(gather(in[0], 0, in[1])); }, {x[0], along}},
      {"scatter",
       [](const Tensors& in) { return square(scatter(in[0], 0, in[2], in[1])); },
       {normal({3, 4}), v, along}},
      {"scatter",
       [](const Tensors& in) { return square(scatter(in[0], -2, in[2], in[1])); },
       {normal({3, 4}), v, meeting}},
      {"scatter",
       [](const Tensors& in) { return square(scatter(in[0], 1, in[2], in[1])); },
       {normal({3, 4}), v, ids({3, 0, 2}, {1, 3})}},
      {"scatter_add",
       [](const Tensors& in) { return square(scatter_add(in[0], 1, in[2], in[1])); },
       {normal({3, 4}), v, ids({3, 0, 3}, {1, 3})}},
      {"scatter_add",
       [](const Tensors& in) { return square(scatter_add(in[0], 0, in[2], in[1])); },
       {normal({3, 4}), v, meeting}},
  };
  for (const bool accumulate : {false, true}) {
    cases.push_back({"index_put",
                     [=](const Tensors& in) {
                       return square(index_put(in[0], {in[2], Slice(1, None)}, in[1], accumulate));
                     },
                     {x[0], normal({4}, 3), distinct}});
    cases.push_back({"index_put",
                     [=](const Tensors& in) {
                       return square(
                           index_put(in[0], {Slice(0, 2), Slice(1, 3)}, in[1], accumulate));
                     },
                     {x[0], normal({2, 1}, 3)}});
    cases.push_back(
        {"index_put",
         [=](const Tensors& in) {
           return square(index_put(in[0], {Slice(), in[2]}, in[1], accumulate));
         },
         {x[0], normal({4, 2}, 3), from_bools({true, false, false, true, false}, {5})}});
    cases.push_back({"index_put",
                     [=](const Tensors& in) {
                       return square(index_put(in[0], {Slice(), in[2]}, in[1], accumulate));
                     },
                     {x[0], normal({4, 3}, 3), columns}});
    cases.push_back({"index_put",
                     [=](const Tensors& in) {
                       return square(index_put(in[0], {in[2], Slice(), in[3]}, in[1], accumulate));
                     },
                     {x, normal({3, 4}, 3), rows, ids({4, 0, 4}, {3})}});
  }
  return cases;
}

std::vector<Case> products() {
  std::vector<Case> cases;
  const auto add = [&](const Shape& a, const Shape& b) {
    cases.push_back({"matmul",
                     [](const Tensors& in) { return matmul(in[0], in[1]); },
                     {normal(a, 1), normal(b, 2)}});
  };
  add({3, 4}, {4, 2});
  add({2, 3, 4}, {4, 2});
  add({2, 3, 4}, {2, 4, 2});
  add({2, 1, 3, 4}, {5, 4, 2});
  add({4}, {4, 2});
  add({3, 4}, {4});
  add({4}, {4});
  cases.push_back({"matmul",
                   [](const Tensors& in) { return matmul(in[0].t(), in[1].t()); },
                   {normal({4, 3}, 1), normal({2, 4}, 2)}});
  cases.push_back(
      {"dot", [](const Tensors& in) { return dot(in[0], in[1]); }, {normal(4, 1), normal(4, 2)}});
  cases.push_back({"outer",
                   [](const Tensors& in) { return outer(in[0], in[1]); },
                   {normal(4, 1), normal(3, 2)}});
  cases.push_back({"einsum",
                   [](const Tensors& in) {
                     return einsum("bij,jk->ki", {in[0], in[1]}) *
                            einsum("kk->k", {in[2]}).unsqueeze(1);
                   },
                   {normal({2, 3, 4}, 1), normal({4, 5}, 2), normal({5, 5}, 7)}});
  cases.push_back({"einsum",
                   [](const Tensors& in) { return einsum("...ij,...jk->...k", {in[0], in[1]}); },
                   {normal({2, 1, 2, 3}, 1), normal({2, 3, 2}, 2)}});
  cases.push_back({"linear",
                   [](const Tensors& in) { return linear(in[0], in[1], in[2]); },
                   {normal({2, 3, 4}, 1), normal({5, 4}, 2), normal({5}, 3)}});
  return cases;
}

std::vector<Case> layers() {
  std::vector<Case> cases = {
      {"softmax", [](const Tensors& in) { return softmax(in[0], -1); }, {normal({3, 5})}},
      {"softmax", [](const Tensors& in) { return softmax(in[0], 0); }, {normal({3, 2, 2})}},
      {"log_softmax", [](const Tensors& in) { return log_softmax(in[0], -1); }, {normal({3, 5})}},
      {"swiglu",
       [](const Tensors& in) { return swiglu(in[0], in[1]); },
       {normal({3, 5}, 1), normal({3, 5}, 2)}},
      {"embedding",
       [](const Tensors& in) { return square(embedding(in[0], in[1])); },
       {normal({5, 3}), ids({4, 0, 4, 2}, {2, 2})}},
      {"rms_norm",
       [](const Tensors& in) { return rms_norm(in[0], in[1], 1e-5); },
       {normal({2, 3, 6}, 1), normal({6}, 2)}},
      {"cross_entropy",
       [](const Tensors& in) { return cross_entropy(in[0], in[1]); },
       {normal({2, 2, 5}), ids({1, 0, 4, -100}, {2, 2})}},
      {"layer_norm",
       [](const Tensors& in) { return square(layer_norm(in[0], in[1], in[2])); },
       {normal({2, 3, 6}, 1), normal({6}, 2), normal({6}, 3)}},
      {"dropout", [](const Tensors& in) { return square(dropout(in[0], 0.4)); }, {normal({3, 5})}},
      {"mse_loss",
       [](const Tensors& in) { return mse_loss(in[0], in[1]); },
       {normal({3, 4}, 1), normal({4}, 2)}},
      {"cross_entropy_rows",
       [](const Tensors& in) { return cross_entropy_rows(in[0], in[1]); },
       {normal({2, 2, 5}), ids({1, 0, 4, -100}, {2, 2})}},
  };
  for (const Reduction reduction : {Reduction::None, Reduction::Mean, Reduction::Sum}) {
    for (const std::int64_t ignored : {-100, 4}) {
      cases.push_back(
          {"cross_entropy",
           [=](const Tensors& in) { return cross_entropy(in[0], in[1], ignored, reduction); },
           {normal({4, 5}), ids({1, 0, 4, 0}, {4})}});
      cases.push_back(
          {"nll_loss",
           [=](const Tensors& in) { return square(nll_loss(in[0], in[1], ignored, reduction)); },
           {normal({4, 5}), ids({1, 0, 4, 0}, {4})}});
    }
  }
  for (const ops::RopeStyle style : {ops::RopeStyle::Interleaved, ops::RopeStyle::Halves}) {
    cases.push_back({"rope",
                     [=](const Tensors& in) {
                       return square(pg::rope(in[0], ops::rope_tables(8, 4, 1e4), in[1], style));
                     },
                     {normal({2, 3, 2, 4}), from_data(std::vector<std::int64_t>{2}, {1})}});
  }
  for (const bool causal : {true, false}) {
    cases.push_back({"attention",
                     [=](const Tensors& in) { return attention(in[0], in[1], in[2], 0.5, causal); },
                     {normal({2, 3, 4, 4}, 1), normal({2, 3, 2, 4}, 2), normal({2, 3, 2, 4}, 3)}});
  }
  cases.push_back({"attention",
                   [](const Tensors& in) {
                     return attention(in[0], in[1], in[2], 0.5, true, {}, Precision::Tf32);
                   },
                   {normal({1, 3, 1, 4}, 1), normal({1, 3, 1, 4}, 2), normal({1, 3, 1, 4}, 3)},
                   {.rounding = 2e-2}});
  return cases;
}

void check(const Case& item) {
  CAPTURE(std::string(item.name));
  CHECK(check_gradients(item.function, item.inputs, item.options) == "");
}

TEST_CASE("gradients of unary ops") {
  for (const UnaryCase& item : unary_cases) {
    check({item.name,
           [&](const Tensors& in) { return item.function(in[0]); },
           {uniform({3, 4}, item.low, item.high, item.gap)}});
  }
}

TEST_CASE("gradients of binary ops") {
  const Tensor a = uniform({2, 1, 3}, 0.5, 2.0, 0, 5);
  const Tensor b = uniform({3, 1}, 0.5, 2.0, 0, 6);
  for (const BinaryCase& item : binary_cases) {
    check({item.name, [&](const Tensors& in) { return item.tensors(in[0], in[1]); }, {a, b}});
    check({item.name, [&](const Tensors& in) { return item.number(in[0], 1.37); }, {a}});
  }
  check({"-", [](const Tensors& in) { return 1.5 - square(in[0]); }, {a}});
  check({"/", [](const Tensors& in) { return 1.5 / in[0]; }, {a}});
  check({"reverse pow",
         [](const Tensors& in) { return pg::binary(ops::BinaryOp::ReversePow, in[0], 1.5); },
         {a}});
}

TEST_CASE("gradients of reductions") {
  for (const Case& item : reductions()) check(item);
}
TEST_CASE("gradients of shape ops") {
  for (const Case& item : shapes()) check(item);
}
TEST_CASE("gradients of selections") {
  for (const Case& item : selections()) check(item);
}
TEST_CASE("gradients of indexing") {
  for (const Case& item : places()) check(item);
}
TEST_CASE("gradients of matrix products") {
  for (const Case& item : products()) check(item);
}
TEST_CASE("gradients of layers") {
  for (const Case& item : layers()) check(item);
}

/// Their results are integers or bools, or they stand behind others; `to` and back rounds
/// (tape_test.cpp). A name with an underscore at its end writes in place what the one without gives
/// (in_place_test.cpp).
const std::set<std::string> without_gradients = {
    "eq",          "ne",           "lt",          "le",          "gt",          "ge",
    "isnan",       "isinf",        "isfinite",    "isclose",     "bitwise_and", "bitwise_or",
    "bitwise_xor", "bitwise_not",  "logical_xor", "logical_and", "logical_or",  "logical_not",
    "argmax",      "argmin",       "cast",        "unary",       "binary",      "to",
    "any",         "all",          "nonzero",     "one_hot",     "argsort",     "multinomial",
    "fill",        "copy",         "gathered",    "not_zero",    "grad",        "record",
    "in_place",    "before_write", "after_write"};

/// What the first group that matched holds, of every line that matches.
std::vector<std::string> matches(const std::string& header, const std::regex& pattern) {
  std::ifstream file(std::string(PICOGRAD_SOURCE_DIR "/runtime/") + header);
  REQUIRE(file);
  std::vector<std::string> found;
  for (std::string line; std::getline(file, line);) {
    std::smatch match;
    if (std::regex_search(line, match, pattern)) found.push_back(match[match[1].matched ? 1 : 2]);
  }
  return found;
}

TEST_CASE("no op of functions.h is left out") {
  std::set<std::string> known = without_gradients;
  for (const UnaryCase& item : unary_cases) known.insert(item.name);
  for (const BinaryCase& item : binary_cases) known.insert(item.name);
  for (const auto& cases : {reductions(), shapes(), selections(), places(), products(), layers()}) {
    for (const Case& item : cases) known.insert(item.name);
  }
  const std::regex declaration(
      R"(^(?:(?:Tensors?|ValuesAndIndices) (\w+)\(|PG_(?:UNARY|BINARY)\((\w+), ))");
  const std::regex include(R"re(^#include "runtime/(autograd/\w+\.h)")re");
  int found = 0;
  for (const std::string& header : matches("autograd/functions.h", include)) {
    for (std::string name : matches(header, declaration)) {
      if (name.ends_with('_')) name.pop_back();
      ++found;
      CAPTURE(header);
      CAPTURE(name);
      CHECK(known.contains(name));
    }
  }
  CHECK(found > 140);
}

}  // namespace
}  // namespace pg
