// Tensors on a GPU and between devices. Needs one (or the stand-in driver: PICOGRAD_TEST_DEVICE).
#include <cstdio>

#include "runtime/autograd/backward.h"
#include "runtime/autograd/functions.h"
#include "runtime/nn/module.h"
#include "runtime/nn/test_support.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/optimizer.h"
#include "runtime/tensor/random.h"

namespace pg::nn {
namespace {

/// The CPU is the default device while it lives, whatever the tests run on.
struct OnGpu {
  Device chosen = default_device();
  Device gpu = cuda_device();
  OnGpu() { set_default_device(cpu_device); }
  ~OnGpu() { set_default_device(chosen); }
};

bool lacks_gpu(const char* name) {
  if (cuda_device_count() > 0) return false;
  std::printf("SKIP %s: no GPU\n", name);
  return true;
}

TEST_CASE("creation on a device, and back") {
  if (lacks_gpu("creation on a device, and back")) return;
  const OnGpu on;
  CHECK(tensor({1, 2, 3}).device() == cpu_device);
  const Tensor x = tensor({1, 2, 3}, on.gpu);
  CHECK(x.device() == on.gpu);
  CHECK(x.to_vector<float>() == std::vector<float>{1, 2, 3});
  CHECK(x.cpu().device() == cpu_device);
  CHECK(x.cuda().is_same(x));
  CHECK(empty_like(x).device() == on.gpu);
  CHECK(zeros({2}, DType::I64, on.gpu).to_vector<std::int64_t>() == std::vector<std::int64_t>(2));
  CHECK(scalar(2.5f, on.gpu).item<float>() == 2.5f);
  CHECK(empty({0}, DType::F32, on.gpu).to(cpu_device).numel() == 0);
  Generator first(7), second(7);
  CHECK(randn({33}, &first, on.gpu).to_vector<float>() == randn({33}, &second).to_vector<float>());
  CHECK(message_of([] {
          empty({1}, DType::F32, cuda_device(7));
        }).starts_with("empty: there is no cuda:7"));
}

TEST_CASE("strided views travel packed") {
  if (lacks_gpu("strided views travel packed")) return;
  const OnGpu on;
  Generator generator(1);
  const Tensor x = randn({5, 7, 3}, &generator);
  const Tensor y = x.to(on.gpu);
  const auto check = [](const Tensor& on_cpu, const Tensor& on_gpu) {
    CHECK(on_gpu.to_vector<float>() == on_cpu.to_vector<float>());
    CHECK(on_gpu.cpu().to_vector<float>() == on_cpu.to_vector<float>());
    CHECK(on_cpu.cuda().to_vector<float>() == on_cpu.to_vector<float>());
  };
  check(view::permute(x, {2, 0, 1}), view::permute(y, {2, 0, 1}));
  check(view::slice(x, 1, 1, 6, 2), view::slice(y, 1, 1, 6, 2));
  check(view::expand(view::select(x, 0, 2), {4, 7, 3}),
        view::expand(view::select(y, 0, 2), {4, 7, 3}));
  check(view::as_strided(x, {2, 2}, {3, 1}, 100), view::as_strided(y, {2, 2}, {3, 1}, 100));
}

TEST_CASE("operands on two devices are an error that names the op") {
  if (lacks_gpu("operands on two devices are an error that names the op")) return;
  const OnGpu on;
  const Tensor a = tensor({1, 2}), b = tensor({1, 2}, on.gpu);
  const Tensor square = from_data(std::vector<float>(4), {2, 2});
  CHECK(message_of([&] { a + b; }) ==
        "add: tensors are on cpu and cuda:0; move one with to(device)");
  CHECK(message_of([&] { b* scalar(2.0f); }) ==
        "mul: tensors are on cuda:0 and cpu; move one with to(device)");
  CHECK(
      message_of([&] { matmul(square, b); }).starts_with("matmul: tensors are on cpu and cuda:0"));
  CHECK(message_of([&] {
          embedding(square.cuda(), from_data(std::vector<std::int64_t>{1}, {1}));
        }).starts_with("embedding: tensors are on cuda:0 and cpu"));
  CHECK(message_of([&] {
          ops::cat(std::vector{a, b}, 0);
        }).starts_with("cat: tensors are on cpu and cuda:0"));
  CHECK(message_of([&] {
          ops::adamw_(b, b.clone(), b.clone(), a, zeros({8}, DType::F32, on.gpu), {});
        }).starts_with("adamw_: tensors are on cuda:0 and cpu"));
  const Tensor leaf = tensor({1, 2}, on.gpu).requires_grad_();
  CHECK(message_of([&] { backward(leaf * 2.0, a); }) ==
        "backward: the gradient is on cpu, the tensor on cuda:0");
  b.copy_(a * 3.0);  // copies are between any two
  CHECK(b.to_vector<float>() == std::vector<float>{3, 6});
}

TEST_CASE("gradients come back through a move") {
  if (lacks_gpu("gradients come back through a move")) return;
  const OnGpu on;
  const Tensor x = tensor({1, 2, 3}).requires_grad_();
  const Tensor y = x.to(on.gpu);
  CHECK(y.requires_grad());
  (y * y).sum().backward();
  CHECK(x.grad().device() == cpu_device);
  CHECK(x.grad().to_vector<float>() == std::vector<float>{2, 4, 6});
}

TEST_CASE("ids are checked on a GPU too") {
  if (lacks_gpu("ids are checked on a GPU too")) return;
  const OnGpu on;
  const Tensor table = zeros({4, 2}, DType::F32, on.gpu);
  const Tensor wrong = from_data(std::vector<std::int32_t>{0, 3, 4}, {3}, on.gpu);
  CHECK(message_of([&] { embedding(table, wrong); }) ==
        "embedding: id 4 at position 2 is outside the table of 4 rows");
  CHECK(embedding(table, view::narrow(wrong, 0, 0, 2)).shape() == Shape{2, 2});
  // Ids that a kernel wrote are read back.
  const Tensor computed = arange(0, 4, 1, DType::I64, on.gpu) + arange(0, 4, 1, DType::I64, on.gpu);
  CHECK(message_of([&] { embedding(table, computed); }) ==
        "embedding: id 4 at position 2 is outside the table of 4 rows");
  CHECK(value_range(computed).highest == 6);
  computed.copy_(zeros({4}, DType::I64));
  CHECK(value_range(computed).highest == 0);
}

TEST_CASE("a module moves with all handles on its parameters") {
  if (lacks_gpu("a module moves with all handles on its parameters")) return;
  const OnGpu on;
  struct Scale : Module {
    Tensor w = register_parameter("w", tensor({2, 3}));
  } scale;
  const Tensor other = scale.w;
  scale.to(on.gpu);
  CHECK(other.device() == on.gpu);
  const Tensor x = tensor({1, 1}, on.gpu);
  (scale.w * x).sum().backward();
  CHECK(other.grad().device() == on.gpu);
  scale.to(cpu_device);
  CHECK(other.to_vector<float>() == std::vector<float>{2, 3});
}

}  // namespace
}  // namespace pg::nn
