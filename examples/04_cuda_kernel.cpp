// A kernel in CUDA C++ as a differentiable operation: NVRTC compiles the text, it runs on the
// framework's tensors and stream, and a second kernel is its vector-Jacobian product. Without a GPU
// the program says so and ends with exit code 4.
#include <cstdio>

#include "compiler/driver/jit_compiler.h"
#include "runtime/autograd/custom_op.h"
#include "runtime/autograd/functions.h"
#include "runtime/tensor/launch.h"

namespace {

// --fmad=false and no fast functions: the results are then those of the same arithmetic on a CPU.
constexpr const char* text = R"cuda(
// y = x / (1 + |x|)
extern "C" __global__ void softsign(const float* x, float* y, long long n) {
  long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (i < n) y[i] = x[i] / (1.0f + fabsf(x[i]));
}

// dx = dy / (1 + |x|)^2
extern "C" __global__ void softsign_gradient(const float* x, const float* dy, float* dx,
                                             long long n) {
  long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  float d = 1.0f + fabsf(x[i < n ? i : 0]);
  if (i < n) dx[i] = dy[i] / (d * d);
}
)cuda";

pg::cuda::LaunchShape blocks_for(const pg::Tensor& x) {
  return {.grid = {(x.numel() + 255) / 256}, .block = {256}};
}

}  // namespace

int main() {
  tile::install_jit_compiler();
  try {
    const pg::Device gpu = pg::cuda_device();
    pg::check_device("04_cuda_kernel", gpu);
    const pg::cuda::RawKernel forward(text, "softsign", {"--fmad=false"});
    const pg::cuda::RawKernel backward(text, "softsign_gradient", {"--fmad=false"});
    const pg::CustomOp softsign = pg::make_op(
        "softsign",
        [&](const pg::Tensors& inputs) {
          pg::Tensor x = inputs[0].contiguous(), y = pg::empty_like(x);
          pg::launch(forward, blocks_for(x), x, y, x.numel());
          return y;
        },
        [&](const pg::Tensors& inputs, const pg::Tensor&, const pg::Tensor& dy) {
          pg::Tensor x = inputs[0].contiguous(), dx = pg::empty_like(x);
          pg::launch(backward, blocks_for(x), x, dy.contiguous(), dx, x.numel());
          return pg::Tensors{dx};
        });

    pg::Tensor x = pg::tensor({-3, -1, 0, 1, 3}, gpu).requires_grad_();
    pg::Tensor y = softsign(x);
    y.sum().backward();
    for (float value : y.to_vector<float>()) std::printf("%.4f ", value);
    std::printf("\n");
    for (float value : x.grad().to_vector<float>()) std::printf("%.4f ", value);
    std::printf("\n");
  } catch (const pg::Unavailable& error) {
    std::printf("skipped: %s\n", error.what());
    return 4;
  }
}
