// Ops of users' own, from host functions and from a kernel in a file.
#include "runtime/autograd/custom_op.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "runtime/autograd/check_gradients.h"
#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "runtime/tensor/launch.h"
#include "tests/message_of.h"

namespace pg {
namespace {

std::vector<float> values(const Tensor& x) { return x.to_vector<float>(); }

TEST_CASE("custom ops") {
  int calls = 0;
  const CustomOp triple = make_op(
      "triple", [](const Tensors& in) { return in[0] * 3.0; },
      [&](const Tensors&, const Tensor&, const Tensor& g) {
        ++calls;
        return Tensors{g * 3.0};
      });
  const Tensor x = tensor({1, 2}).requires_grad_();
  const Tensor y = triple(x);
  CHECK(values(y) == std::vector<float>{3, 6});
  y.sum().backward();
  CHECK(calls == 1);
  CHECK(values(x.grad()) == std::vector<float>{3, 3});
  CHECK_FALSE(triple(tensor({1})).requires_grad());

  const CustomOp same =
      make_op([](const Tensors& in) { return in[0]; },
              [](const Tensors&, const Tensor&, const Tensor& g) { return Tensors{g}; });
  CHECK(same(x).requires_grad());
  const CustomOp wrong = make_op(
      "wrong", [](const Tensors& in) { return in[0].sum(); },
      [](const Tensors&, const Tensor&, const Tensor& g) { return Tensors{g}; });
  CHECK(message_of([&] { wrong(x).backward(); }) ==
        "wrong: the vjp returned a gradient of shape [] for input 0 of shape [2]");
}

TEST_CASE("custom ops with several outputs") {
  const CustomMultiOp polar = make_multi_op(
      "polar",
      [](const Tensors& in) {
        return Tensors{in[0] * cos(in[1]), in[0] * sin(in[1]), arange(0, 3)};
      },
      [](const Tensors& in, const Tensors& out, const Tensors& g) {
        return Tensors{g[0] * cos(in[1]) + g[1] * sin(in[1]), g[1] * out[0] - g[0] * out[1]};
      });
  const Tensor r = tensor({2, 3}).requires_grad_();
  const Tensors parts = polar({r, tensor({0, 0})});
  CHECK(parts.size() == 3);
  CHECK(parts[1].requires_grad());
  CHECK_FALSE(parts[2].requires_grad());
  parts[0].sum().backward();  // the second output plays no part
  CHECK(values(r.grad()) == std::vector<float>{1, 1});
  const auto function = [&](const Tensors& in) {
    const Tensors xy = polar(in);
    return xy[0] * square(xy[1]);
  };
  CHECK(check_gradients(function, {tensor({2, 0.7}), tensor({0.3, -1.1})}) == "");
  CHECK(check_gradients([&](const Tensors& in) { return polar(in)[1]; },
                        {tensor({2, 0.7}), tensor({0.3, -1.1})}) == "");
  const CustomMultiOp empty = make_multi_op(
      "empty", [](const Tensors&) { return Tensors(); },
      [](const Tensors&, const Tensors&, const Tensors&) { return Tensors(); });
  CHECK(message_of([&] { empty({r}); }) == "empty: the forward function returned no tensor");
  CHECK(message_of([] { make_multi_op("none", {}, {}); }) ==
        "make_op: `none` needs a forward and a vjp");
}

constexpr const char* kCubeText = R"(
/// y = x^3.
kernel cube<tune B: int = 64>(x: tensor<f32>[N], y: out tensor<f32>[N]) grid (ceil_div(N, B))
{
  let i = program() * B;
  let t = x[i +: B];
  y[i +: B] = t * t * t;
}
)";

TEST_CASE("a kernel from a file becomes a differentiable op") {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / "picograd_custom_op_test.tile";
  std::ofstream(path) << kCubeText;
  const Kernel kernel = load_kernel(path.string(), "cube");
  std::filesystem::remove(path);
  const CustomOp cube = make_op(
      "cube",
      [kernel](const Tensors& in) {
        Tensor y = empty_like(in[0]);
        launch(kernel, in[0], y);
        return y;
      },
      [](const Tensors& in, const Tensor&, const Tensor& g) {
        return Tensors{g * square(in[0]) * 3.0};
      });
  CHECK(values(cube(tensor({1, -2, 3}))) == std::vector<float>{1, -8, 27});
  const auto function = [&](const Tensors& in) { return cube(in[0]); };
  CHECK(check_gradients(function, {tensor({1, -2, 0.5})}) == "");
  CHECK(message_of([&] { launch(kernel, tensor({1, 2}), tensor({1})); }).starts_with("cube: "));
  CHECK(message_of([&] { launch(kernel, tensor({1, 2})); }).starts_with("cube: "));
}

}  // namespace
}  // namespace pg
