// Gradients of every recorded op against central differences, and second derivatives where fused
// ops have spelled-out forms.
#include "runtime/autograd/functions.h"

#include <doctest/doctest.h>

#include <cmath>

#include "runtime/autograd/check_gradient.h"
#include "runtime/tensor/random.h"

namespace pg {
namespace {

using ops::UnaryOp;

Tensor normal(const Shape& shape, std::uint64_t seed) {
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

TEST_CASE("gradients of unary ops") {
  struct Case {
    UnaryOp op;
    double low = -2.0, high = 2.0, gap = 0.0;
  };
  const Case cases[] = {
      {UnaryOp::Neg},
      {UnaryOp::Abs, -2, 2, 0.1},
      {UnaryOp::Square},
      {UnaryOp::Sqrt, 0.5, 2},
      {UnaryOp::Rsqrt, 0.5, 2},
      {UnaryOp::Reciprocal, 0.5, 2},
      {UnaryOp::Exp},
      {UnaryOp::Exp2},
      {UnaryOp::Expm1},
      {UnaryOp::Log, 0.5, 2},
      {UnaryOp::Log2, 0.5, 2},
      {UnaryOp::Log10, 0.5, 2},
      {UnaryOp::Log1p, -0.5, 2},
      {UnaryOp::Sin},
      {UnaryOp::Cos},
      {UnaryOp::Tan, -1, 1},
      {UnaryOp::Asin, -0.8, 0.8},
      {UnaryOp::Acos, -0.8, 0.8},
      {UnaryOp::Atan},
      {UnaryOp::Sinh},
      {UnaryOp::Cosh},
      {UnaryOp::Tanh},
      {UnaryOp::Erf},
      {UnaryOp::Cbrt, 0.5, 2},
      {UnaryOp::Sigmoid},
      {UnaryOp::Silu},
      {UnaryOp::Relu, -2, 2, 0.1},
      {UnaryOp::Gelu},
      {UnaryOp::GeluErf},
  };
  for (const Case& item : cases) {
    CAPTURE(ops::name_of(item.op));
    const auto function = [&](const Tensors& in) { return pg::unary(item.op, in[0]); };
    const Tensor x = uniform({3, 5}, item.low, item.high, item.gap);
    CHECK(check_gradient(function, {x}) == "");
    // Piecewise linear ones have no second derivative to compare.
    const bool is_linear =
        item.op == UnaryOp::Neg || item.op == UnaryOp::Abs || item.op == UnaryOp::Relu;
    if (!is_linear)
      CHECK(check_gradient(function, {x}, {.tolerance = 1e-2, .second_order = true}) == "");
  }
  for (UnaryOp op : {UnaryOp::Sign, UnaryOp::Floor, UnaryOp::Ceil, UnaryOp::Round}) {
    const Tensor x = tensor({0.3f}).requires_grad_();
    (pg::unary(op, x) + x).backward();
    CHECK(x.grad().item<float>() == 1.0f);
  }
}

TEST_CASE("gradients of binary ops with broadcasting") {
  using Op = ops::BinaryOp;
  const Tensor a = uniform({2, 1, 4}, 0.5, 2.0, 0, 5);
  const Tensor b = uniform({3, 1}, 0.5, 2.0, 0, 6);
  for (Op op : {Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Pow, Op::Maximum, Op::Minimum, Op::Atan2,
                Op::Hypot}) {
    CAPTURE(ops::name_of(op));
    const auto function = [&](const Tensors& in) { return pg::binary(op, in[0], in[1]); };
    CHECK(check_gradient(function, {a, b}, {.step = 2e-3, .tolerance = 1e-2}) == "");
    CHECK(check_gradient([&](const Tensors& in) { return pg::binary(op, in[0], 1.37); }, {a},
                         {.step = 2e-3, .tolerance = 1e-2}) == "");
  }
  for (Op op : {Op::ReverseSub, Op::ReverseDiv, Op::ReversePow}) {
    CAPTURE(ops::name_of(op));
    CHECK(check_gradient([&](const Tensors& in) { return pg::binary(op, in[0], 1.37); }, {a}) ==
          "");
  }
  CHECK(check_gradient([](const Tensors& in) { return in[0] * in[1] / (in[0] + in[1]); }, {a, b},
                       {.tolerance = 1e-2, .second_order = true}) == "");
  CHECK(check_gradient([](const Tensors& in) { return 2.0 - in[0] * 3.0 + 1.0 / in[0]; }, {a}) ==
        "");
}

TEST_CASE("ties share the gradient") {
  const Tensor a = tensor({1, 2, 3}).requires_grad_();
  const Tensor b = tensor({3, 2, 1}).requires_grad_();
  maximum(a, b).sum().backward();
  CHECK(a.grad().to_vector<float>() == std::vector<float>{0, 0.5, 1});
  CHECK(b.grad().to_vector<float>() == std::vector<float>{1, 0.5, 0});
  const Tensor c = tensor({2, 5, 5}).requires_grad_();
  amax(c).backward();
  CHECK(c.grad().to_vector<float>() == std::vector<float>{0, 0.5, 0.5});
}

TEST_CASE("where and clamp") {
  const Tensor a = normal({2, 3}, 1);
  const Tensor b = normal({3}, 2);
  const Tensor c = from_bools({true, false, true, false, false, true}, {2, 3});
  CHECK(check_gradient([&](const Tensors& in) { return where(c, in[0], in[1]); }, {a, b}) == "");
  CHECK(check_gradient([&](const Tensors& in) { return where(c, in[0], 2.0); }, {a}) == "");
  CHECK(check_gradient([&](const Tensors& in) { return where(c, 2.0, in[0]); }, {b}) == "");
  CHECK(check_gradient([&](const Tensors& in) { return clamp(in[0], -0.51, 0.52); }, {a}) == "");
}

TEST_CASE("gradients of reductions") {
  const Tensor x = normal({3, 4, 5}, 4);
  for (const Dims& axes : {Dims{}, Dims{1}, Dims{0, 2}, Dims{-1}}) {
    for (bool keepdim : {false, true}) {
      CAPTURE(to_string(axes));
      CHECK(check_gradient([&](const Tensors& in) { return sum(in[0], axes, keepdim); }, {x}) ==
            "");
      CHECK(check_gradient([&](const Tensors& in) { return mean(in[0], axes, keepdim); }, {x}) ==
            "");
      CHECK(check_gradient([&](const Tensors& in) { return amax(in[0], axes, keepdim); }, {x},
                           {.step = 1e-3, .tolerance = 2e-2}) == "");
      CHECK(check_gradient([&](const Tensors& in) { return amin(in[0], axes, keepdim); }, {x},
                           {.step = 1e-3, .tolerance = 2e-2}) == "");
    }
  }
  CHECK(check_gradient([](const Tensors& in) { return square(amax(in[0], {1})); }, {x},
                       {.step = 1e-3, .tolerance = 3e-2, .second_order = true}) == "");
  CHECK(x.sum({0}, true).shape() == Shape{1, 4, 5});
  CHECK(x.max(-1).shape() == Shape{3, 4});
}

TEST_CASE("gradients of shape ops") {
  const Tensor x = normal({2, 3, 4}, 5);
  const auto check = [&](auto&& function) {
    // Squared, so that the gradient depends on the values and their places.
    CHECK(check_gradient([&](const Tensors& in) { return square(function(in[0])); }, {x}) == "");
    CHECK(check_gradient([&](const Tensors& in) { return square(function(in[0])); }, {x},
                         {.second_order = true}) == "");
  };
  check([](const Tensor& t) { return t.transpose(0, 2); });
  check([](const Tensor& t) { return t.permute({2, 0, -2}); });
  check([](const Tensor& t) { return t.reshape({4, -1}); });
  check([](const Tensor& t) { return t.transpose(0, 1).reshape({24}); });
  check([](const Tensor& t) { return t.unsqueeze(1).expand({2, 5, 3, 4}); });
  check([](const Tensor& t) { return t.select(1, -1); });
  check([](const Tensor& t) { return t.slice(2, 1, 4, 2); });
  check([](const Tensor& t) { return t.slice(-1, -3, -1); });
  check([](const Tensor& t) { return t.narrow(1, 1, 2).flatten(); });
  check([](const Tensor& t) { return t.narrow(1, 1, 1).squeeze(1); });
  check([](const Tensor& t) { return t.transpose(1, 2).contiguous(); });
  check([](const Tensor& t) { return cat(Tensors{t, t.narrow(1, 0, 2) * 2.0}, 1); });
  check([](const Tensor& t) { return stack(split(t, 2, 2), 0); });
  CHECK(x.flatten(1).shape() == Shape{2, 12});
  CHECK(x.view({6, 4}).shares_storage(x));
}

TEST_CASE("gradients of matrix products") {
  const auto check = [](const Shape& a, const Shape& b) {
    CAPTURE(to_string(a));
    CAPTURE(to_string(b));
    const auto function = [](const Tensors& in) { return matmul(in[0], in[1]); };
    CHECK(check_gradient(function, {normal(a, 1), normal(b, 2)}) == "");
    CHECK(check_gradient(function, {normal(a, 1), normal(b, 2)}, {.second_order = true}) == "");
  };
  check({3, 4}, {4, 2});
  check({2, 3, 4}, {4, 2});
  check({2, 3, 4}, {2, 4, 2});
  check({2, 1, 3, 4}, {5, 4, 2});
  check({4}, {4, 2});
  check({3, 4}, {4});
  check({4}, {4});
  const auto transposed = [](const Tensors& in) { return matmul(in[0].t(), in[1].t()); };
  CHECK(check_gradient(transposed, {normal({4, 3}, 1), normal({2, 4}, 2)}) == "");
  const auto layer = [](const Tensors& in) { return linear(in[0], in[1], in[2]); };
  const Tensors operands = {normal({2, 3, 4}, 1), normal({5, 4}, 2), normal({5}, 3)};
  CHECK(check_gradient(layer, operands) == "");
  CHECK(check_gradient(layer, operands, {.second_order = true}) == "");
}

}  // namespace
}  // namespace pg
