// Values of losses, layer_norm and dropout; their gradients: gradients_test.cpp.
#include <doctest/doctest.h>

#include <cmath>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "tests/message_of.h"

namespace pg {
namespace {

Tensor normal(const Shape& shape, std::uint64_t seed) {
  Generator generator(seed);
  return randn(shape, &generator);
}

Tensor ids(const std::vector<std::int32_t>& values, const Shape& shape) {
  return from_data(values, shape);
}

TEST_CASE("cross_entropy with an index to ignore, and reductions") {
  const Tensor logits = normal({4, 5}, 1);
  const Tensor targets = ids({1, 0, 4, 0}, {4});
  const std::vector<float> rows = cross_entropy_rows(logits, targets).to_vector<float>();
  CHECK(cross_entropy(logits, targets, 0).item() == doctest::Approx((rows[0] + rows[2]) / 2));
  CHECK(cross_entropy(logits, targets, -100, Reduction::Sum).item() ==
        doctest::Approx(rows[0] + rows[1] + rows[2] + rows[3]));
  CHECK(cross_entropy(logits, targets, 0, Reduction::None).to_vector<float>() ==
        std::vector<float>{rows[0], 0, rows[2], 0});
  for (const Reduction reduction : {Reduction::None, Reduction::Mean, Reduction::Sum}) {
    const Tensor losses = nll_loss(log_softmax(logits, -1), targets, 0, reduction);
    CHECK(losses.sum().item() ==
          doctest::Approx(cross_entropy(logits, targets, 0, reduction).sum().item()));
  }
  CHECK_THROWS_AS(nll_loss(logits, ids({5, 0, 0, 0}, {4})), Error);
}

TEST_CASE("small losses keep their digits beside large logits") {
  const Tensor logits = tensor({{1016, 1006}});
  const double expected = std::log1p(std::exp(-10.0));
  CHECK(cross_entropy(logits, ids({0}, {1})).item() == doctest::Approx(expected).epsilon(2e-3));
  CHECK(-log_softmax(logits, -1).to_vector<float>()[0] == doctest::Approx(expected).epsilon(2e-3));
}

TEST_CASE("layer_norm checks before it computes") {
  const Tensor x = normal({2, 6}, 1);
  CHECK(message_of([&] { layer_norm(x, ones({5})); }) ==
        "layer_norm: the weight is f32 [5], the last dimension 6");
  CHECK(message_of([&] { layer_norm(x, {}, arange(6)); }) ==
        "layer_norm: does not take i64 tensors");
  CHECK(message_of([&] { layer_norm(Tensor(), ones({5})); }) == "layer_norm: undefined tensor");
  CHECK(message_of([&] { layer_norm(zeros({}), ones({5})); }) ==
        "layer_norm: a scalar has no rows");
}

TEST_CASE("layer_norm") {
  const Tensor x = normal({2, 3, 6}, 1);
  const Tensor y = layer_norm(x);
  CHECK(y.mean(-1).abs().max().item() < 1e-6);
  CHECK((y.var(-1, 0) - 1.0).abs().max().item() < 1e-4);
}

TEST_CASE("dropout") {
  Generator generator(5);
  const Tensor x = ones({100, 100}).requires_grad_();
  const Tensor y = dropout(x, 0.25, true, &generator);
  const Tensor kept = ne(y, 0.0);
  CHECK(std::abs(kept.sum().item() - 7500) < 200);
  CHECK(y.max().item() == doctest::Approx(4.0 / 3));
  // The numbers are those that the generator draws on the host.
  Generator same(5);
  CHECK((rand({100, 100}, &same) >= 0.25).to_vector<bool>() == kept.to_vector<bool>());
  y.sum().backward();
  CHECK(x.grad().to_vector<float>() == y.to_vector<float>());
  CHECK(dropout(x, 0.5, false).is_same(x));
  CHECK(dropout(x, 1.0).sum().item() == 0.0);
  CHECK(dropout(x, 0.5, true, &generator).to_vector<float>() !=
        dropout(x, 0.5, true, &generator).to_vector<float>());
  CHECK_THROWS_WITH_AS(dropout(x, 1.5), "dropout: p is 1.5, not between 0 and 1", Error);
}

}  // namespace
}  // namespace pg
