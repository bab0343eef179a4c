// Gradients of the network layers, first and second order, and attention against its definition.
#include <doctest/doctest.h>

#include <cmath>

#include "runtime/autograd/check_gradient.h"
#include "runtime/autograd/functions.h"
#include "runtime/tensor/random.h"

namespace pg {
namespace {

Tensor normal(const Shape& shape, std::uint64_t seed) {
  Generator generator(seed);
  return randn(shape, &generator);
}

Tensor ids(const std::vector<std::int32_t>& values, const Shape& shape) {
  return from_data(values, shape);
}

void check_both(const std::function<Tensor(const Tensors&)>& function, const Tensors& inputs) {
  CHECK(check_gradient(function, inputs) == "");
  CHECK(check_gradient(function, inputs, {.tolerance = 1e-2, .second_order = true}) == "");
}

TEST_CASE("softmax") {
  check_both([](const Tensors& in) { return softmax(in[0], -1); }, {normal({3, 5}, 1)});
  check_both([](const Tensors& in) { return softmax(in[0], 0); }, {normal({3, 2, 2}, 1)});
  check_both([](const Tensors& in) { return log_softmax(in[0], -1); }, {normal({3, 5}, 1)});
}

TEST_CASE("swiglu") {
  check_both([](const Tensors& in) { return swiglu(in[0], in[1]); },
             {normal({3, 5}, 1), normal({3, 5}, 2)});
}

TEST_CASE("embedding") {
  const Tensor index = ids({4, 0, 4, 2}, {2, 2});
  check_both([&](const Tensors& in) { return square(embedding(in[0], index)); },
             {normal({5, 3}, 1)});
}

TEST_CASE("rms_norm") {
  check_both([](const Tensors& in) { return rms_norm(in[0], in[1], 1e-5); },
             {normal({2, 3, 6}, 1), normal({6}, 2)});
}

TEST_CASE("rope") {
  const ops::RopeTables tables = ops::rope_tables(8, 4, 10000.0);
  for (const ops::RopeStyle style : {ops::RopeStyle::Interleaved, ops::RopeStyle::Halves}) {
    check_both([&](const Tensors& in) { return square(pg::rope(in[0], tables, {}, style)); },
               {normal({2, 3, 2, 4}, 1)});
  }
}

TEST_CASE("attention") {
  for (const bool causal : {true, false}) {
    check_both([&](const Tensors& in) { return attention(in[0], in[1], in[2], 0.5, causal); },
               {normal({2, 3, 4, 4}, 1), normal({2, 3, 2, 4}, 2), normal({2, 3, 2, 4}, 3)});
  }
}

TEST_CASE("cross_entropy") {
  const Tensor targets = ids({1, 0, 4, -100}, {2, 2});
  check_both([&](const Tensors& in) { return cross_entropy(in[0], targets); },
             {normal({2, 2, 5}, 1)});
  check_both([&](const Tensors& in) { return cross_entropy_rows(in[0], targets); },
             {normal({2, 2, 5}, 1)});
  // Even logits: log of the number of classes, over the three tokens that count.
  CHECK(cross_entropy(zeros({2, 2, 5}), targets).item<double>() == doctest::Approx(std::log(5.0)));
}

}  // namespace
}  // namespace pg
