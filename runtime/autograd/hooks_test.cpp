// Hooks on gradients and gradients kept of results.
#include "runtime/autograd/hooks.h"

#include <doctest/doctest.h>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "tests/message_of.h"

namespace pg {
namespace {

using Floats = std::vector<float>;

Floats values(const Tensor& x) { return x.to_vector<float>(); }

TEST_CASE("a hook sees the whole gradient once, and may replace it") {
  const Tensor x = tensor({1, 2}).requires_grad_();
  const Tensor y = x * 3.0;
  std::vector<Floats> seen;
  register_hook(y, [&](const Tensor& g) {
    seen.push_back(values(g));
    return Tensor();
  });
  register_hook(y, [](const Tensor& g) { return g * 10.0; });
  register_hook(y, [&](const Tensor& g) {
    seen.push_back(values(g));
    return Tensor();
  });
  (y.sum() + (y * y).sum()).backward();  // 1 + 2 y
  CHECK(seen == std::vector<Floats>{{7, 13}, {70, 130}});
  CHECK(values(x.grad()) == Floats{210, 390});
}

TEST_CASE("a hook on a leaf changes what is added to grad()") {
  const Tensor x = tensor({1, 2}).requires_grad_();
  const HookHandle negated = register_hook(x, [](const Tensor& g) { return -g; });
  (x * 2.0).sum().backward();
  (x * 3.0).sum().backward();
  CHECK(values(x.grad()) == Floats{-5, -5});
  CHECK(values(grad((x * 4.0).sum(), Tensors{x})[0]) == Floats{-4, -4});
}

TEST_CASE("hooks can be removed, also while they run and after their tensor") {
  const Tensor x = tensor({1}).requires_grad_();
  int calls = 0;
  HookHandle handle;
  handle = register_hook(x, [&](const Tensor&) {
    ++calls;
    handle.remove();
    return Tensor();
  });
  HookHandle other = register_hook(x, [&](const Tensor&) {
    calls += 10;
    return Tensor();
  });
  (x * x).sum().backward();
  (x * x).sum().backward();
  CHECK(calls == 21);
  other.remove();
  other.remove();
  (x * x).sum().backward();
  CHECK(calls == 21);
  {
    const Tensor y = tensor({1}).requires_grad_();
    handle = register_hook(y, [](const Tensor& g) { return g; });
  }
  handle.remove();
}

TEST_CASE("a handle removes its own hook only") {
  const Tensor x = tensor({1}).requires_grad_();
  HookHandle first = register_hook(x, [](const Tensor& g) { return g * 2.0; });
  HookHandle same = first;
  first.remove();
  register_hook(x, [](const Tensor& g) { return g * 3.0; });
  same.remove();
  x.sum().backward();
  CHECK(values(x.grad()) == Floats{3});
}

TEST_CASE("hooks are recorded with a walk that is") {
  const Tensor x = tensor({3}).requires_grad_();
  const Tensor y = x * 1.0;
  register_hook(y, [](const Tensor& g) { return g * g; });
  const Tensor g = grad((y * y).sum(), Tensors{x}, {}, {.create_graph = true})[0];  // (2 y)^2
  CHECK(values(g) == Floats{36});
  // Differentiated through 2 y, whose gradient is 4 y, and through y's own hook: 2 * 12, squared.
  CHECK(values(grad(g.sum(), Tensors{x})[0]) == Floats{24 * 24});
}

TEST_CASE("retain_grad keeps a result's gradient, after its hooks") {
  const Tensor x = tensor({1, 2}).requires_grad_();
  const Tensor y = x * x;
  const Tensor z = y * 3.0;
  retain_grad(y);
  retain_grad(y);
  register_hook(y, [](const Tensor& g) { return g * 2.0; });
  z.sum().backward({}, true);
  CHECK(values(y.grad()) == Floats{6, 6});
  CHECK_FALSE(z.grad().defined());
  CHECK(values(x.grad()) == Floats{12, 24});
  z.sum().backward({}, true);
  CHECK(values(y.grad()) == Floats{12, 12});
  y.zero_grad();
  grad(z.sum(), Tensors{x}, {}, {.retain_graph = true});
  CHECK_FALSE(y.grad().defined());  // grad() touches no gradient
  retain_grad(x);
  CHECK(values(x.grad()) == Floats{24, 48});
}

TEST_CASE("errors of hooks") {
  const Tensor x = tensor({1, 2}).requires_grad_();
  CHECK(message_of([] { register_hook(tensor({1}), [](const Tensor& g) { return g; }); }) ==
        "register_hook: f32 [1] requires no gradient");
  CHECK(message_of([] { retain_grad(tensor({1})); }) ==
        "retain_grad: f32 [1] requires no gradient");
  CHECK(message_of([&] { register_hook(x, {}); }) == "register_hook: the hook is empty");
  const Tensor y = exp(x);
  register_hook(y, [](const Tensor& g) { return g.sum(); });
  const std::string message = message_of([&] { y.sum().backward(); });
  CHECK(message.starts_with("register_hook: a hook of a result of `exp` returned f32 [] on "));
  CHECK(message_of([&] { exp(x).set_grad(x); }).starts_with("set_grad: only leaves"));
}

}  // namespace
}  // namespace pg
