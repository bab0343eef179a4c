// Writes in place: values, what autograd refuses, and what it records.
#include "runtime/autograd/in_place.h"

#include <doctest/doctest.h>

#include "runtime/autograd/check_gradients.h"
#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"

namespace pg {
namespace {

using Floats = std::vector<float>;

TEST_CASE("values") {
  const Tensor x = tensor({1, -2, 3});
  const Tensor other_handle = x;
  CHECK(x.add_(1.0).is_same(x));
  x += tensor({1, 1, 1});
  CHECK(other_handle.to_vector<float>() == Floats{3, 0, 5});
  x.sub_(1.0).mul_(2.0).div_(4.0);
  CHECK(x.to_vector<float>() == Floats{1, -0.5f, 2});
  CHECK(x.clone().relu_().to_vector<float>() == Floats{1, 0, 2});
  CHECK(x.clone().abs_().to_vector<float>() == Floats{1, 0.5f, 2});
  CHECK(x.clone().clamp_(0.0, 1.5).to_vector<float>() == Floats{1, 0, 1.5f});
  CHECK(x.clone().masked_fill_(x < 0.0, 9.0).to_vector<float>() == Floats{1, 9, 2});
  CHECK(x.clone().fill_(7.0).to_vector<float>() == Floats{7, 7, 7});
  CHECK(x.clone().pow_(2.0).to_vector<float>() == Floats{1, 0.25f, 4});
  CHECK(zeros({3}).exp_().neg_().to_vector<float>() == Floats{-1, -1, -1});
  const Tensor counts = arange(3);
  counts += 2.0;
  counts *= arange(3);
  CHECK(counts.to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 3, 8});
  CHECK(x.clone().copy_(arange(3)).to_vector<float>() == Floats{0, 1, 2});
  // Through a view of a part.
  const Tensor square = zeros({2, 2});
  square.t().select(0, 1).add_(1.0);
  CHECK(square.to_vector<float>() == Floats{0, 1, 0, 1});
}

TEST_CASE("writes are noted, and refused where a gradient would be wrong") {
  const Tensor w = tensor({1, 2, 3}).requires_grad_();
  const std::uint32_t version = w.version();
  CHECK_THROWS_WITH_AS(w.add_(1.0),
                       "add_: a leaf that requires a gradient cannot be written in place while "
                       "gradients are recorded; use NoGrad",
                       Error);
  CHECK_THROWS_AS((w[0] = 1.0), Error);
  CHECK(w.version() == version);
  {
    const NoGrad no_grad;
    w -= tensor({1, 1, 1});
    w[0] = 5.0;
  }
  CHECK(w.to_vector<float>() == Floats{5, 1, 2});
  CHECK(w.version() > version);
  CHECK(w.requires_grad());

  const Tensor x = tensor({1, 2, 3});
  const Tensor y = w * x;
  x.zero_();
  CHECK_THROWS_WITH_AS(y.sum().backward(), doctest::Contains("was written in place"), Error);
  CHECK_THROWS_WITH_AS(
      y.select(0, 1).add_(1.0),
      "add_: f32 [] shares its memory with another view or with a saved value, which this recorded "
      "write would miss; use the function without underscore",
      Error);
  CHECK_THROWS_WITH_AS(x.add_(zeros({2, 3})),
                       "add: shape [2, 3] does not broadcast to [3] in place", Error);
  CHECK_THROWS_WITH_AS(arange(3).add_(0.5), "add_: the result f32 [3] does not fit i64 [3]", Error);
}

TEST_CASE("recorded writes") {
  Generator generator(1);
  const Tensor x = randn({2, 3}, &generator);
  const Tensor w = randn({3}, &generator);
  const auto check = [&](auto&& write) {
    const auto function = [&](const Tensors& in) {
      const Tensor y = in[0] * 2.0;
      write(y, in[1]);
      return y * y;
    };
    CHECK(check_gradients(function, {x, w}) == "");
  };
  check([](const Tensor& y, const Tensor& w) { y.add_(w); });
  check([](const Tensor& y, const Tensor& w) { y.mul_(w).mul_(w); });
  check([](const Tensor& y, const Tensor& w) { y.mul_(0.25).exp_().add_(w); });
  check([](const Tensor& y, const Tensor& w) { y.tanh_().sub_(w); });
  check([](const Tensor& y, const Tensor& w) { y[1] = w; });
  check([](const Tensor& y, const Tensor& w) { y[Slice(), Slice(1, None)] += w[1]; });
  check([](const Tensor& y, const Tensor& w) { y.copy_(w); });
  check([](const Tensor& y, const Tensor& w) { y.masked_fill_(w > 0.0, 3.0); });
  // A plain buffer becomes part of the tape.
  const Tensor buffer = zeros({3});
  const Tensor leaf = tensor({1, 2, 3}).requires_grad_();
  buffer.add_(leaf);
  buffer[0] = leaf[2] * 2.0;
  CHECK(buffer.requires_grad());
  (buffer * tensor({1, 10, 100})).sum().backward();
  CHECK(leaf.grad().to_vector<float>() == Floats{0, 10, 102});
}

}  // namespace
}  // namespace pg
