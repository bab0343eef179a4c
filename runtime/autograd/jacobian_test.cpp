// Jacobians and products with them (jacobian.h), against closed forms and each other; the list of
// cases follows the Jacobian tests of HIPS autograd.
#include "runtime/autograd/jacobian.h"

#include <doctest/doctest.h>

#include <cmath>

#include "runtime/autograd/check_gradients.h"
#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "runtime/tensor/random.h"
#include "tests/message_of.h"

namespace pg {
namespace {

using Values = std::vector<double>;

Tensor normal(const Shape& shape, std::uint64_t seed) {
  Generator generator(seed);
  return randn(shape, &generator, real_device);
}

double distance(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  const Values x = a.to_vector<double>();
  const Values y = b.to_vector<double>();
  double worst = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) worst = std::max(worst, std::abs(x[i] - y[i]));
  return worst;
}

/// A vector-valued function of a matrix and a vector.
Tensor curved(const Tensors& in) { return tanh(matmul(in[0], in[1])) * exp(in[1].select(0, 0)); }
/// One number.
Tensor bowl(const Tensors& in) { return sum(square(curved(in))) + sum(in[1] * in[1] * in[1]); }

TEST_CASE("jacobian: of a product is the matrix, of a number the gradient") {
  const Tensor a = normal({3, 2}, 1);
  const Tensor x = normal({2}, 2);
  const Tensor j = jacobian([&](const Tensors& in) { return matmul(a, in[0]); }, {x})[0];
  CHECK(distance(j, a) < 1e-15);

  const Tensors of_number = jacobian(bowl, {a, x});
  const Tensors leaves = {a.detach().requires_grad_(), x.detach().requires_grad_()};
  const Tensors gradients = grad(bowl(leaves), leaves);
  CHECK(distance(of_number[0], gradients[0]) == 0.0);
  CHECK(distance(of_number[1], gradients[1]) == 0.0);
}

TEST_CASE("jacobian: from numbers to tensors and between tensors of any rank") {
  const Tensor t = scalar(0.3, real_device);
  const auto curve = [](const Tensors& in) { return stack(Tensors{sin(in[0]), square(in[0])}); };
  const Values slope = jacobian(curve, {t})[0].to_vector<double>();
  CHECK(slope[0] == doctest::Approx(std::cos(0.3)).epsilon(1e-14));
  CHECK(slope[1] == doctest::Approx(0.6).epsilon(1e-14));

  const Tensor x = normal({2, 3}, 3);
  const Tensor j = jacobian([](const Tensors& in) { return exp(in[0]).t(); }, {x})[0];
  CHECK(j.shape() == Shape{3, 2, 2, 3});
  const Values entries = j.to_vector<double>();
  const Values of_x = x.to_vector<double>();
  for (std::size_t r = 0; r < 3; ++r) {
    for (std::size_t c = 0; c < 2; ++c) {
      for (std::size_t k = 0; k < 6; ++k) {
        const double expected = k == c * 3 + r ? std::exp(of_x[k]) : 0.0;
        CHECK(entries[(r * 2 + c) * 6 + k] == doctest::Approx(expected).epsilon(1e-14));
      }
    }
  }
}

TEST_CASE("jacobian: rows are gradients, columns are jvps, and vjps add up rows") {
  const Tensors in = {normal({3, 2}, 1), normal({2}, 2)};
  const Tensors full = jacobian(curved, in);
  const Tensor v = normal({3}, 4);
  const Tensors tangents = {normal({3, 2}, 5), normal({2}, 6)};

  const VjpResult left = vjp(curved, in, v);
  CHECK(distance(left.output, curved(in)) == 0.0);
  for (std::size_t i = 0; i < 2; ++i) {
    const Tensor flat = full[i].reshape({3, -1});
    CHECK(distance(left.gradients[i].flatten(), matmul(v, flat)) < 1e-14);
  }
  const JvpResult right = jvp(curved, in, tangents);
  const Tensor expected =
      matmul(full[0].reshape({3, 6}), tangents[0].reshape({6})) + matmul(full[1], tangents[1]);
  CHECK(distance(right.tangent, expected) < 1e-14);
  CHECK(distance(right.output, left.output) == 0.0);
}

TEST_CASE("hessian: symmetric, the jacobian of the gradient, and hvp its product") {
  const Tensors in = {normal({3, 2}, 1), normal({2}, 2)};
  const std::vector<Tensors> h = hessian(bowl, in);
  CHECK(h[0][1].shape() == Shape{3, 2, 2});
  CHECK(distance(h[0][1].reshape({6, 2}), h[1][0].reshape({2, 6}).t()) < 1e-13);
  CHECK(distance(h[0][0].reshape({6, 6}), h[0][0].reshape({6, 6}).t()) < 1e-13);

  const Tensors v = {normal({3, 2}, 5), normal({2}, 6)};
  const HvpResult product = hvp(bowl, in, v);
  CHECK(distance(product.output, bowl(in)) == 0.0);
  const Tensor first =
      matmul(h[0][0].reshape({6, 6}), v[0].reshape({6})) + matmul(h[0][1].reshape({6, 2}), v[1]);
  CHECK(distance(product.products[0].flatten(), first) < 1e-13);

  // A quadratic form's Hessian is its matrix, made symmetric.
  const Tensor a = normal({3, 3}, 7);
  const auto form = [&](const Tensors& x) { return matmul(matmul(x[0], a), x[0]); };
  CHECK(distance(hessian(form, {normal({3}, 8)})[0][0], a + a.t()) < 1e-15);
}

TEST_CASE("jacobian: of a jacobian, and gradients through all of them") {
  const Tensor x = tensor({0.3, -0.8});
  const auto once = [](const Tensors& in) {
    return jacobian([](const Tensors& t) { return t[0] * t[0] * t[0]; }, in,
                    {.create_graph = true})[0];
  };
  const Tensor twice = jacobian(once, {x})[0];
  CHECK(twice.shape() == Shape{2, 2, 2});
  CHECK(twice.select(0, 0).select(0, 0).select(0, 0).item<double>() ==
        doctest::Approx(6.0 * 0.3).epsilon(1e-6));

  const Tensors in = {tensor({0.5, -1, 2, 0.25}).reshape({2, 2}), tensor({0.7, -0.2})};
  CHECK(check_gradients([](const Tensors& at) { return jacobian(curved, at, {true})[0]; }, in,
                        {.order = 1}) == "");
  CHECK(check_gradients([](const Tensors& at) { return hvp(bowl, at, at, {true}).products[1]; }, in,
                        {.order = 1}) == "");
  CHECK(check_gradients([](const Tensors& at) { return jvp(curved, at, at, {true}).tangent; }, in,
                        {.order = 1}) == "");
}

TEST_CASE("jacobian: inputs without influence, leaves left alone, errors") {
  const Tensor x = tensor({1, 2}).requires_grad_();
  const Tensor y = tensor({3});
  const auto ignoring = [](const Tensors& in) { return square(in[0]); };
  const Tensors j = jacobian(ignoring, {x, y});
  CHECK(j[1].to_vector<float>() == std::vector<float>{0, 0});
  CHECK_FALSE(x.grad().defined());
  CHECK_FALSE(j[0].requires_grad());
  CHECK(
      jvp([](const Tensors& in) { return in[0].detach(); }, {x}, {x}).tangent.to_vector<float>() ==
      std::vector<float>{0, 0});
  CHECK(message_of([&] { jvp(ignoring, {x, y}, {x}); }) == "jvp: 1 vectors for 2 inputs");
  CHECK(message_of([&] { hvp(ignoring, {x}, {y}); }) ==
        "hvp: vector 0 is f32 [1] for an input f32 [2]");
  CHECK(message_of([&] { hessian(ignoring, {x}); }) ==
        "hessian: the result is of shape [2], not one number");
  CHECK(message_of([&] { jacobian(ignoring, {arange(0, 2)}); }) ==
        "jacobian: input 0 is i64 [2], not f32");
}

}  // namespace
}  // namespace pg
