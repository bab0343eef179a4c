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

}  // namespace
}  // namespace pg
