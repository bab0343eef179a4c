// What gradients_test.cpp cannot see by differences: ties, steps, and the shapes and memory of
// results.
#include "runtime/autograd/functions.h"

#include <doctest/doctest.h>

#include <cmath>

namespace pg {
namespace {

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

TEST_CASE("steps have no slope") {
  for (const auto function : {sign, floor, ceil, round}) {
    const Tensor x = tensor({0.3}).requires_grad_();
    (function(x) + x).backward();
    CHECK(x.grad().item<float>() == 1.0f);
  }
}

TEST_CASE("shapes of results") {
  const Tensor x = zeros({3, 4, 5});
  CHECK(x.sum({0}, true).shape() == Shape{1, 4, 5});
  CHECK(x.max(-1).values.shape() == Shape{3, 4});
  CHECK(x.flatten(1).shape() == Shape{3, 20});
  CHECK(x.view({6, 10}).shares_storage(x));
}

TEST_CASE("even logits lose the logarithm of the number of classes") {
  // Over the three tokens that count.
  const Tensor targets = from_data(std::vector<std::int32_t>{1, 0, 4, -100}, {2, 2});
  CHECK(cross_entropy(zeros({2, 2, 5}), targets).item<double>() == doctest::Approx(std::log(5.0)));
}

using Floats = std::vector<float>;

TEST_CASE("of values written to one place the last stays, and only it has a gradient") {
  const Tensor places = tensor_of<std::int64_t>({1, 1, 0, 1});
  const Tensor values = tensor({2, 3, 4, 5}).requires_grad_();
  const Tensor weights = tensor({10, 20, 30});
  const auto check = [&](const Tensor& written) {
    CHECK(written.to_vector<float>() == Floats{4, 5, 0});
    values.zero_grad();
    (written * weights).sum().backward();
    CHECK(values.grad().to_vector<float>() == Floats{0, 0, 10, 20});
  };
  check(index_put(zeros({3}), {places}, values));
  check(scatter(zeros({3}), 0, places, values));
  // One number for all places: what was overwritten does not count.
  const Tensor number = scalar(7.0).requires_grad_();
  (index_put(zeros({3}), {places}, number) * weights).sum().backward();
  CHECK(number.grad().item() == 30.0);
}

/// Gradients of the sum of pow(a, b) in a and b.
std::vector<Floats> gradients_of_pow(std::initializer_list<double> bases,
                                     std::initializer_list<double> exponents) {
  const Tensor a = tensor(bases).requires_grad_();
  const Tensor b = tensor(exponents).requires_grad_();
  pow(a, b).sum().backward();
  return {a.grad().to_vector<float>(), b.grad().to_vector<float>()};
}

TEST_CASE("powers of 0 have gradients") {
  const auto found = gradients_of_pow({0, 0, 0, 0, NAN, 2}, {0, 1, 2, 0.5, 0, 0});
  CHECK(found[0] == Floats{0, 1, 0, INFINITY, 0, 0});
  CHECK(Floats(found[1].begin(), found[1].begin() + 4) == Floats{0, 0, 0, 0});
  CHECK(found[1][5] == doctest::Approx(std::log(2.0)));
  CHECK(gradients_of_pow({0}, {-1})[1] == Floats{-INFINITY});
  // A number on one side.
  const Tensor zero = zeros({3}).requires_grad_();
  (pow(zero, 0.0) + pow(zero, 1.0) + pow(zero, 2.0)).sum().backward();
  CHECK(zero.grad().to_vector<float>() == Floats(3, 1.0f));
  const Tensor exponents = tensor({-1, 0, 2}).requires_grad_();
  pg::binary(ops::BinaryOp::ReversePow, exponents, 0.0).sum().backward();
  CHECK(exponents.grad().to_vector<float>() == Floats{-INFINITY, 0, 0});
  // And once more: d2(x^y) = y (y - 1) x^(y-2).
  const Tensor x = zeros({3}).requires_grad_();
  const Tensor once =
      grad(pow(x, tensor({0, 1, 2})).sum(), Tensors{x}, {}, {.create_graph = true})[0];
  CHECK(grad(once.sum(), Tensors{x})[0].to_vector<float>() == Floats{0, 0, 2});
}

TEST_CASE("roots of sums are flat at 0, their gradients too") {
  using Root = Tensor (*)(const Tensor&);
  for (const Root root :
       {Root([](const Tensor& x) { return std(x); }), Root([](const Tensor& x) { return norm(x); }),
        Root([](const Tensor& x) { return norm(x, 1.5); }),
        Root([](const Tensor& x) { return norm(x, 3.0); })}) {
    const Tensor x = zeros({3}).requires_grad_();
    const Tensor once = grad(root(x), Tensors{x}, {}, {.create_graph = true})[0];
    CHECK(once.to_vector<float>() == Floats(3, 0.0f));
    CHECK(grad((once * tensor({1, 2, 3})).sum(), Tensors{x})[0].to_vector<float>() ==
          Floats(3, 0.0f));
  }
  // Next to elements that are not 0.
  const Tensor x = tensor({0, 3, -4}).requires_grad_();
  const Tensor once = grad(norm(x, 1.5), Tensors{x}, {}, {.create_graph = true})[0];
  CHECK(once.to_vector<float>()[0] == 0.0f);
  CHECK(lt(abs(grad(once.sum(), Tensors{x})[0]), INFINITY).all().item<bool>());
}

TEST_CASE("atan2 is flat at the origin") {
  const Tensor a = tensor({0, 3}).requires_grad_();
  const Tensor b = tensor({0, 4}).requires_grad_();
  atan2(a, b).sum().backward();
  CHECK(a.grad().to_vector<float>() == Floats{0, 0.16f});
  CHECK(b.grad().to_vector<float>() == Floats{0, -0.12f});
}

TEST_CASE("the divisor of fmod has a gradient") {
  const Tensor a = tensor({7, -7, 3}).requires_grad_();
  const Tensor b = tensor({2, 2, -5}).requires_grad_();
  fmod(a, b).sum().backward();
  CHECK(a.grad().to_vector<float>() == Floats{1, 1, 1});
  CHECK(b.grad().to_vector<float>() == Floats{-3, 3, 0});
}

}  // namespace
}  // namespace pg
