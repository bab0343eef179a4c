// checkpoint(): the same bits as without it, with less memory.
#include "runtime/autograd/checkpoint.h"

#include <doctest/doctest.h>

#include "runtime/autograd/check_gradients.h"
#include "runtime/autograd/functions.h"
#include "runtime/device/buffer.h"
#include "runtime/device/error.h"
#include "tests/message_of.h"

namespace pg {
namespace {

using Floats = std::vector<float>;

Tensor normal(const Shape& shape, std::uint64_t seed) {
  Generator generator(seed);
  return randn(shape, &generator);
}

/// Two layers with one shared weight, and the gradients of x and the weight.
struct Network {
  Tensor x = normal({4, 3}, 1).requires_grad_();
  Tensor w = normal({3, 3}, 2).requires_grad_();

  Tensor layer(const Tensor& in) const { return tanh(matmul(in, w)) * 1.7 + in * w.select(0, 0); }

  std::vector<Floats> gradients(bool is_checkpointed) {
    const auto function = [this](const Tensors& in) { return layer(layer(in[0])); };
    x.zero_grad();
    w.zero_grad();
    const Tensor before = layer(x);
    const Tensor y = is_checkpointed ? checkpoint(function, {before}) : function({before});
    (layer(y) * y).sum().backward();
    return {y.to_vector<float>(), x.grad().to_vector<float>(), w.grad().to_vector<float>()};
  }
};

TEST_CASE("gradients of inputs and of parameters have the bits they had without") {
  Network network;
  CHECK(network.gradients(true) == network.gradients(false));
}

TEST_CASE("checkpoints can be nested, and differentiated to any order") {
  const auto inner = [](const Tensors& in) { return exp(in[0]) * in[1]; };
  const auto outer = [&](const Tensors& in) {
    const Tensor y = checkpoint(inner, {in[0], in[1]});
    return checkpoint(inner, {tanh(y), in[0]}) + y;
  };
  CHECK(check_gradients([&](const Tensors& in) { return checkpoint(outer, in); },
                        {tensor({0.5, -1, 2}), tensor({1, 2, -0.5})}, {.order = 3}) == "");
}

TEST_CASE("the second call draws the same numbers, and later draws do not notice") {
  const Tensor x = ones({64}).requires_grad_();
  const auto masked = [](const Tensors& in) { return in[0] * rand({64}); };
  manual_seed(5);
  const Tensor y = checkpoint(masked, {x});
  const GeneratorState after = default_generator().state();
  y.sum().backward();
  CHECK(x.grad().to_vector<float>() == y.to_vector<float>());
  CHECK(default_generator().state() == after);

  Generator own(7);
  x.zero_grad();
  const Tensor z =
      checkpoint([&](const Tensors& in) { return in[0] * rand({64}, &own); }, {x}, &own);
  z.sum().backward();
  CHECK(x.grad().to_vector<float>() == z.to_vector<float>());
}

TEST_CASE("only the inputs are kept") {
  const Device device = default_device();
  const Tensor x = normal({1 << 14}, 3).requires_grad_();
  const auto deep = [](const Tensors& in) {
    Tensor y = in[0];
    for (int i = 0; i < 10; ++i) y = tanh(y);
    return y;
  };
  const auto live = [&] { return memory_statistics(device).live_bytes; };
  const std::size_t start = live();
  const Tensor y = checkpoint(deep, {x});
  CHECK(live() - start < 2 * (sizeof(float) << 14));
  const Tensor z = deep({x});
  CHECK(live() - start > 10 * (sizeof(float) << 14));
}

TEST_CASE("what needs no gradient is not recorded, wrong functions are found") {
  const Tensor x = tensor({1, 2});
  const auto twice = [](const Tensors& in) { return in[0] * 2.0; };
  CHECK_FALSE(checkpoint(twice, {x}).requires_grad());
  x.requires_grad_();
  CHECK(checkpoint([](const Tensors& in) { return in[0]; }, {x}).is_same(x));
  {
    const NoGrad no_grad;
    CHECK_FALSE(checkpoint(twice, {x}).requires_grad());
  }
  int calls = 0;
  const Tensor y = checkpoint(
      [&](const Tensors& in) { return ++calls == 1 ? in[0] * 2.0 : in[0] * in[0]; }, {x});
  CHECK(message_of([&] { y.sum().backward(); }) ==
        "checkpoint: the function used 1 tensors with gradients at first, but 2 again");
  const Tensor z = checkpoint(twice, {x});
  {
    const NoGrad no_grad;
    x.copy_(tensor({5, 6}));
  }
  CHECK(message_of([&] {
          z.sum().backward();
        }).starts_with("backward: an input f32 [2] of `checkpoint` is needed"));

  // A parameter that no gradient needs, but the second call does.
  const Tensor bias = tensor({1, 2}).requires_grad_();
  const auto shifted = [&](const Tensors& in) { return tanh(in[0] + bias); };
  const Tensor h = checkpoint([&](const Tensors& in) { return checkpoint(shifted, in); }, {x});
  {
    const NoGrad no_grad;
    bias.copy_(tensor({0, 0}));
  }
  CHECK(message_of([&] {
          h.sum().backward();
        }).starts_with("backward: an input f32 [2] of `checkpoint` is needed"));
}

}  // namespace
}  // namespace pg
