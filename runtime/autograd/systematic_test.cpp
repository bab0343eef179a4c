// Ops over lists of shapes, as the systematic tests of HIPS autograd go through them: broadcasting
// of every pair of shapes, reductions over every axis, products of every rank, joins and indexing.
#include <doctest/doctest.h>

#include "runtime/autograd/check_gradients.h"
#include "runtime/autograd/functions.h"
#include "runtime/tensor/random.h"

namespace pg {
namespace {

/// Between 0.5 and 2.5, no two alike, so that every op here is smooth.
Tensor positive(const Shape& shape, std::uint64_t seed) {
  Generator generator(seed);
  return ops::binary(ops::BinaryOp::Add,
                     ops::binary(ops::BinaryOp::Mul, rand(shape, &generator), 2.0), 0.5);
}

void check(const TensorFunction& function, const Tensors& inputs) {
  for (const Tensor& input : inputs) CAPTURE(to_string(input.shape()));
  CHECK(check_gradients(function, inputs) == "");
}

TEST_CASE("systematic: binary ops broadcast every pair of shapes") {
  using Op = ops::BinaryOp;
  const Shape shapes[] = {{}, {1}, {3}, {2, 1}, {1, 3}, {2, 3}, {2, 1, 1}, {2, 2, 3}};
  // One op per kind of gradient: linear, product, quotient, select; the others share their rules.
  const Op ops[] = {Op::Sub, Op::Mul, Op::Div, Op::Maximum};
  int row = 0;
  for (const Shape& a : shapes) {
    int turn = row++;  // every shape meets every op on either side
    for (const Shape& b : shapes) {
      const Op op = ops[turn++ % 4];
      CAPTURE(std::string(ops::name_of(op)));
      check([op](const Tensors& in) { return pg::binary(op, in[0], in[1]); },
            {positive(a, 1), positive(b, 2)});
    }
  }
}

TEST_CASE("systematic: a tensor with itself") {
  const Tensor x = positive({2, 3}, 1);
  check([](const Tensors& in) { return in[0] * in[0]; }, {x});
  check([](const Tensors& in) { return in[0] / sum(in[0], {0}, true); }, {x});
  check([](const Tensors& in) { return matmul(in[0], in[0].t()); }, {x});
  check([](const Tensors& in) { return in[0] - mean(in[0]); }, {x});
}

TEST_CASE("systematic: reductions over every axis of every rank") {
  using Reduction = Tensor (*)(const Tensor&, const Dims&, bool);
  for (const Reduction reduce : {Reduction(sum), Reduction(mean), Reduction(amax)}) {
    for (const Shape& shape : {Shape{}, Shape{4}, Shape{2, 3}, Shape{2, 1, 3}}) {
      check([&](const Tensors& in) { return square(reduce(in[0], {}, false)); },
            {positive(shape, 3)});
      for (int axis = -shape.size(); axis < shape.size(); ++axis) {
        check([&](const Tensors& in) { return square(reduce(in[0], {axis}, axis % 2 == 0)); },
              {positive(shape, 3)});
      }
    }
  }
}

TEST_CASE("systematic: variance, norms and logsumexp from their parts") {
  const Tensor x = positive({3, 4}, 5);
  check([](const Tensors& in) { return mean(square(in[0] - mean(in[0], {1}, true)), {1}); }, {x});
  check([](const Tensors& in) { return sqrt(sum(square(in[0]), {0})); }, {x});
  check([](const Tensors& in) { return log(sum(exp(in[0]), {1})); }, {x});
  check(
      [](const Tensors& in) {
        const Tensor top = amax(in[0], {1}, true);
        return log(sum(exp(in[0] - top), {1}, true)) + top;
      },
      {x});
}

TEST_CASE("systematic: views of operands that are not packed") {
  const Tensor x = positive({4, 3, 2}, 6);
  check([](const Tensors& in) { return exp(in[0].transpose(0, 2)) * in[0].permute({2, 1, 0}); },
        {x});
  check([](const Tensors& in) { return matmul(in[0].transpose(1, 2), in[0]); }, {x});
  check([](const Tensors& in) { return softmax(in[0].transpose(0, 2), -1); }, {x});
  check([](const Tensors& in) { return sum(in[0].slice(0, 1, 4, 2), {0}) * in[0].select(0, 0); },
        {x});
}

TEST_CASE("systematic: indexing reads every element as often as it is used") {
  const Tensor x = positive({3, 4}, 7);
  check([](const Tensors& in) { return in[0].select(0, 1) * in[0].select(0, -2); }, {x});
  check([](const Tensors& in) { return in[0].slice(1, 0, 3) * in[0].slice(1, 1, 4); }, {x});
  check(
      [](const Tensors& in) {
        return cat(Tensors{in[0], in[0]}, 1) * cat(Tensors{in[0], in[0]}, 1);
      },
      {x});
  check([](const Tensors& in) { return square(stack(split(in[0], 2, 1), 0)); }, {x});
  const Tensor rows = from_data(std::vector<std::int64_t>{2, 0, 2}, {3});
  check([](const Tensors& in) { return embedding(in[0], in[1]) * in[0]; }, {x, rows});
  check([](const Tensors& in) { return square(in[0].unsqueeze(0).expand({2, 3, 4})); }, {x});
}

TEST_CASE("systematic: products of operands of every rank") {
  check([](const Tensors& in) { return matmul(matmul(in[0], in[1]), in[2]); },
        {positive({2}, 1), positive({2, 3}, 2), positive({3}, 3)});
  check([](const Tensors& in) { return matmul(in[0], in[1]) + in[2]; },
        {positive({3, 1, 2, 4}, 1), positive({2, 4, 2}, 2), positive({2}, 3)});
  // An outer product.
  check([](const Tensors& in) { return in[0].unsqueeze(1) * in[1].unsqueeze(0); },
        {positive({3}, 1), positive({2}, 2)});
}

TEST_CASE("systematic: what is empty has an empty gradient") {
  const Tensor x = zeros({0, 3}).requires_grad_();
  const Tensor y = sum(exp(x) * 2.0);
  y.backward();
  CHECK(y.item<float>() == 0.0f);
  CHECK(x.grad().shape() == Shape{0, 3});
}

}  // namespace
}  // namespace pg
