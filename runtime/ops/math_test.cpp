// The standard library's functions against double libm, through the compiled element-wise kernel:
// every 4099th float by default, every single one with PICOGRAD_EXHAUSTIVE=1 (half an hour).
#include <doctest/doctest.h>

#include <bit>
#include <cstdlib>

#include "runtime/ops/elementwise.h"
#include "runtime/ops/test_support.h"

using namespace pg;
using namespace pg::ops;

namespace {

struct Case {
  UnaryOp op;
  double bound;  // ulp
  double (*exact)(double);
};

double sigmoid_of(double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
double gated(double x, double z) {
  if (z < -700) return -0.0;
  return z < 0 ? x * std::exp(z) / (1 + std::exp(z)) : x / (1 + std::exp(-z));
}
double silu_of(double x) { return gated(x, x); }
double gelu_of(double x) {
  return std::fabs(x) > 1e3 ? (x < 0 ? -0.0 : x)
                            : gated(x, 1.5957691216057308 * (x + 0.044715 * x * x * x));
}
double gelu_erf_of(double x) {
  return x < -1e3 ? -0.0 : x * 0.5 * std::erfc(-x * 0.70710678118654752440);
}

const Case cases[] = {
    {UnaryOp::Exp, 1, [](double x) { return std::exp(x); }},
    {UnaryOp::Log, 1, [](double x) { return std::log(x); }},
    {UnaryOp::Sqrt, 0.5001, [](double x) { return std::sqrt(x); }},
    {UnaryOp::Rsqrt, 2, [](double x) { return 1 / std::sqrt(x); }},
    {UnaryOp::Tanh, 2, [](double x) { return std::tanh(x); }},
    {UnaryOp::Sin, 2, [](double x) { return std::sin(x); }},
    {UnaryOp::Cos, 2, [](double x) { return std::cos(x); }},
    {UnaryOp::Erf, 2, [](double x) { return std::erf(x); }},
    {UnaryOp::Sigmoid, 3, sigmoid_of},
    {UnaryOp::Silu, 3, silu_of},
    {UnaryOp::Gelu, 3, gelu_of},
    {UnaryOp::GeluErf, 3, gelu_erf_of},
    {UnaryOp::Exp2, 1, [](double x) { return std::exp2(x); }},
    {UnaryOp::Expm1, 2, [](double x) { return std::expm1(x); }},
    {UnaryOp::Log2, 2, [](double x) { return std::log2(x); }},
    {UnaryOp::Log10, 2, [](double x) { return std::log10(x); }},
    {UnaryOp::Log1p, 2, [](double x) { return std::log1p(x); }},
    {UnaryOp::Tan, 3, [](double x) { return std::tan(x); }},
    {UnaryOp::Asin, 3, [](double x) { return std::asin(x); }},
    {UnaryOp::Acos, 2, [](double x) { return std::acos(x); }},
    {UnaryOp::Atan, 2, [](double x) { return std::atan(x); }},
    {UnaryOp::Sinh, 3, [](double x) { return std::sinh(x); }},
    {UnaryOp::Cosh, 2, [](double x) { return std::cosh(x); }},
    {UnaryOp::Cbrt, 1, [](double x) { return std::cbrt(x); }},
};

/// All floats whose bits are a multiple of the stride, block by block.
template <class Visit>
void for_each_block(Visit&& visit) {
  const std::uint64_t stride = std::getenv("PICOGRAD_EXHAUSTIVE") ? 1 : 4099;
  std::vector<float> block{0.0f, -0.0f, INFINITY, -INFINITY, NAN, 1e-45f, -1e-45f};
  for (std::uint64_t bits = 0; bits <= 0xffffffffu; bits += stride) {
    block.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    if (block.size() < (1u << 18) && bits + stride <= 0xffffffffu) continue;
    visit(block);
    block.clear();
  }
}

}  // namespace

TEST_CASE("unary functions keep their bounds for every kind of float") {
  for (const Case& c : cases) {
    double worst = 0;
    float where = 0;
    for_each_block([&](const std::vector<float>& block) {
      const Tensor y = unary(c.op, from_data(block, {static_cast<std::int64_t>(block.size())}));
      const std::vector<float> found = y.to_vector<float>();
      for (std::size_t i = 0; i < block.size(); ++i) {
        const double exact = c.exact(static_cast<double>(block[i]));
        double e = test::ulps(found[i], exact);
        if (exact == 0 && found[i] == 0 && std::signbit(exact) != std::signbit(found[i])) e = 1e9;
        if (e <= worst) continue;
        worst = e;
        where = block[i];
      }
    });
    INFO(name_of(c.op), " at ", where);
    CHECK(worst <= c.bound);
  }
}

TEST_CASE("binary functions keep their bounds on stratified samples and special values") {
  struct BinaryCase {
    BinaryOp op;
    double bound;
    double (*exact)(double, double);
  };
  const BinaryCase binary_cases[] = {
      {BinaryOp::Pow, 3, [](double x, double y) { return std::pow(x, y); }},
      {BinaryOp::Atan2, 3, [](double x, double y) { return std::atan2(x, y); }},
      {BinaryOp::Hypot, 2, [](double x, double y) { return std::hypot(x, y); }},
      {BinaryOp::Fmod, 0, [](double x, double y) { return std::fmod(x, y); }},
  };
  const std::vector<float> special{
      0.0f, -0.0f,  1.0f,  -1.0f,  INFINITY, -INFINITY,   NAN,         2.0f,          -3.0f,
      0.5f, 1e-45f, 3e38f, -3e38f, 5.5f,     16777215.0f, -8388607.0f, 1.1754944e-38f};
  std::vector<float> left;
  std::vector<float> right;
  for (float x : special) {
    for (float y : special) {
      left.push_back(x);
      right.push_back(y);
    }
  }
  Generator generator(7);
  for (int i = 0; i < 400000; ++i) {
    const std::uint64_t bits = generator.below(~std::uint64_t{0});
    if (i % 2 == 0) {
      left.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
      right.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits >> 32)));
    } else {  // magnitudes near 1, where powers neither overflow nor vanish
      const auto x = static_cast<double>(bits & 0xffffff) / 16777216.0 + 0.01;
      const auto y = static_cast<double>(bits >> 40) / 16777216.0 - 0.5;
      left.push_back(static_cast<float>(std::ldexp(x, static_cast<int>(bits >> 24 & 7) - 3)));
      right.push_back(static_cast<float>(std::ldexp(y, static_cast<int>(bits >> 28 & 7))));
    }
  }
  const Shape shape{static_cast<std::int64_t>(left.size())};
  for (const BinaryCase& c : binary_cases) {
    const Tensor result = binary(c.op, from_data(left, shape), from_data(right, shape));
    const std::vector<float> found = result.to_vector<float>();
    double worst = 0;
    std::size_t where = 0;
    bool signs_agree = true;
    for (std::size_t i = 0; i < left.size(); ++i) {
      const double exact = c.exact(left[i], right[i]);
      const double e = test::ulps(found[i], exact);
      if (e > worst) {
        worst = e;
        where = i;
      }
      if (exact == 0 && found[i] == 0 && std::signbit(exact) != std::signbit(found[i])) {
        signs_agree = false;
      }
    }
    INFO(name_of(c.op), " at ", left[where], ", ", right[where]);
    CHECK(worst <= c.bound);
    CHECK(signs_agree);
  }
}
