// The tape itself: order of contributions, freeing, errors, hazards. Gradients of ops:
// functions_test.cpp.
#include "runtime/autograd/tape.h"

#include <doctest/doctest.h>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "tests/message_of.h"

namespace pg {
namespace {

std::vector<float> values(const Tensor& x) { return x.to_vector<float>(); }

TEST_CASE("leaves, accumulation and zero_grad") {
  const Tensor x = tensor({1, 2, 3}).requires_grad_();
  CHECK(x.requires_grad());
  CHECK_FALSE(x.grad().defined());
  (x * 2.0).sum().backward();
  CHECK(values(x.grad()) == std::vector<float>{2, 2, 2});
  (x * x).sum().backward();
  CHECK(values(x.grad()) == std::vector<float>{4, 6, 8});
  x.zero_grad();
  CHECK_FALSE(x.grad().defined());
  x.requires_grad_(false);
  CHECK_FALSE((x * 2.0).requires_grad());
}

TEST_CASE("NoGrad, detach and integer results stay off the tape") {
  const Tensor x = tensor({1, 2}).requires_grad_();
  {
    const NoGrad no_grad;
    CHECK_FALSE((x * 2.0).requires_grad());
    const GradMode again(true);
    CHECK((x * 2.0).requires_grad());
  }
  CHECK((x * 2.0).requires_grad());
  CHECK_FALSE(x.detach().requires_grad());
  CHECK(x.detach().shares_storage(x));
  CHECK_FALSE(gt(x, 0.0).requires_grad());
  CHECK_FALSE(argmax(x, 0).requires_grad());
}

TEST_CASE("a gradient adds its consumers last-created first") {
  // 1e8 and -1e8 cancel only when they meet before the 1 is added: the order shows in the bits.
  const auto gradient_of = [](std::vector<double> factors) {
    const Tensor x = tensor({1}).requires_grad_();
    Tensors parts;
    for (double factor : factors) parts.push_back(x * factor);
    Tensor total = parts[0];
    for (std::size_t i = 1; i < parts.size(); ++i) total = total + parts[i];
    total.sum().backward();
    return x.grad().item<float>();
  };
  CHECK(gradient_of({1, -1e8, 1e8}) == 1.0f);  // (1e8 + -1e8) + 1
  CHECK(gradient_of({1e8, -1e8, 1}) == 0.0f);  // (1 + -1e8) + 1e8
}

TEST_CASE("gradients never share memory with each other") {
  const Tensor a = tensor({1, 2}).requires_grad_();
  const Tensor b = tensor({3, 4}).requires_grad_();
  (a + b).sum().backward();
  CHECK_FALSE(a.grad().shares_storage(b.grad()));
  CHECK(a.grad().is_contiguous());
  const Tensor seed = tensor({1, 1});
  backward(a, seed);
  CHECK_FALSE(a.grad().shares_storage(seed));
  CHECK(values(a.grad()) == std::vector<float>{2, 2});
}

TEST_CASE("backward frees the graph unless asked") {
  const Tensor x = tensor({2}).requires_grad_();
  const Tensor y = (x * x).sum();
  backward(y, {}, {.retain_graph = true});
  y.backward();
  CHECK(values(x.grad()) == std::vector<float>{8});
  CHECK(message_of([&] { y.backward(); }) ==
        "backward: the graph of `sum` was freed by an earlier backward; pass retain_graph");
}

TEST_CASE("errors of backward") {
  const Tensor x = tensor({1, 2}).requires_grad_();
  CHECK(message_of([&] { (x * 2.0).backward(); }) ==
        "backward: a tensor of shape [2] needs a gradient argument; only one element implies 1");
  CHECK(
      message_of([&] { tensor({1}).backward(); }).starts_with("backward: the tensor requires no"));
  CHECK(message_of([&] { backward(x * 2.0, tensor({1})); }) ==
        "backward: the gradient f32 [1] does not fit the tensor f32 [2]");
  CHECK(message_of([&] { arange(0, 2).requires_grad_(); }) ==
        "requires_grad_: only f32 tensors have gradients, not i64 [2]");
  CHECK(message_of([&] {
          (x * 2.0).requires_grad_(false);
        }).starts_with("requires_grad_: the result"));
  CHECK(message_of([&] { x.set_grad(tensor({1})); }) ==
        "set_grad: f32 [1] is no gradient of f32 [2]");
}

TEST_CASE("writes in place are found when they matter") {
  const Tensor x = tensor({1, 2}).requires_grad_();
  CHECK(message_of([&] {
          x.copy_(tensor({3, 4}));
        }).starts_with("copy_: a leaf that requires a gradient cannot be written in place"));
  const Tensor y = exp(x);
  const Tensor z = y.sum();
  const Tensor w = (x * 3.0).sum();
  {
    const NoGrad no_grad;
    y.copy_(tensor({0, 0}));
    x.copy_(tensor({5, 6}));
  }
  CHECK(message_of([&] { z.backward(); })
            .starts_with("backward: the result f32 [2] of `exp` is needed by its gradient, but was "
                         "written in place: it is at version 1, saved at version 0; "));
  w.backward();  // saved nothing
  CHECK(values(x.grad()) == std::vector<float>{3, 3});
}

TEST_CASE("pg::grad reaches inner tensors and leaves grad() alone") {
  const Tensor x = tensor({3}).requires_grad_();
  const Tensor y = x * x;
  const Tensor z = (y * y).sum();
  const Tensors found = grad(z, Tensors{y, x});
  CHECK(values(found[0]) == std::vector<float>{18});
  CHECK(values(found[1]) == std::vector<float>{108});
  CHECK_FALSE(x.grad().defined());
  const Tensor other = tensor({1}).requires_grad_();
  CHECK_FALSE(grad((x * x).sum(), Tensors{other})[0].defined());
}

TEST_CASE("a gradient comes back from another device") {
  const Tensor x = tensor({1, 3}).requires_grad_();
  const Tensor y = square(x.to(real_device));
  CHECK(y.device() == real_device);
  y.sum().backward();
  CHECK(x.grad().device() == x.device());
  CHECK(values(x.grad()) == std::vector<float>{2, 6});
}

TEST_CASE("derivatives of derivatives") {
  const Tensor x = tensor({2}).requires_grad_();
  Tensor y = (x * x * x * x).sum();
  std::vector<float> seen;
  for (int order = 1; order <= 4; ++order) {
    y = grad(y, Tensors{x}, {}, {.create_graph = true})[0].sum();
    seen.push_back(y.item<float>());
  }
  CHECK(seen == std::vector<float>{32, 48, 48, 24});
}

TEST_CASE("graphs of any length are freed without recursion") {
  const Tensor x = tensor({1}).requires_grad_();
  Tensor chain = x;
  for (int i = 0; i < 200'000; ++i) {
    const Tensor next = view::alias(chain);
    chain = autograd::record(
        "link", next, {&chain}, {&chain},
        [](const autograd::VjpCall& call) -> Tensors { return {call.gradient()}; });
  }
  chain = Tensor();
  CHECK(x.requires_grad());
}

}  // namespace
}  // namespace pg
