// Ops on a GPU against naive kernels in CUDA C++, which NVRTC compiles: an opinion that shares no
// code with our compiler. Needs a real GPU and NVRTC.
#include <doctest/doctest.h>

#include <cstdio>

#include "runtime/device/nvrtc.h"
#include "runtime/ops/matmul.h"
#include "runtime/ops/reduce.h"
#include "runtime/ops/test_support.h"
#include "runtime/tensor/launch.h"

using namespace pg;
using namespace pg::ops;
using test::random;

namespace {

// One fma chain over ascending k; the strides are those of the operands.
constexpr const char* matmul_text = R"cuda(
extern "C" __global__ void naive_matmul(const float* a, const float* b, float* c, long long m,
                                        long long n, long long k, long long a_row,
                                        long long a_column, long long b_row, long long b_column) {
  long long i = blockIdx.y * (long long)blockDim.y + threadIdx.y;
  long long j = blockIdx.x * (long long)blockDim.x + threadIdx.x;
  if (i >= m || j >= n) return;
  float sum = 0.0f;
  for (long long l = 0; l < k; ++l) {
    sum = fmaf(a[i * a_row + l * a_column], b[l * b_row + j * b_column], sum);
  }
  c[i * n + j] = sum + 0.0f;
}
)cuda";

// 256 lanes, each adding every 256th element in order, then halves onto halves; up to 65536
// elements.
constexpr const char* sum_text = R"cuda(
extern "C" __global__ void naive_sum(const float* x, float* y, long long n) {
  __shared__ float lanes[256];
  int lane = threadIdx.x;
  const float* row = x + blockIdx.x * n;
  float sum = 0.0f;
  if (lane < n) sum = row[lane];
  for (long long i = lane + 256; i < n; i += 256) sum = sum + row[i];
  lanes[lane] = sum;
  for (int half = 128; half > 0; half /= 2) {
    __syncthreads();
    if (lane < half && lane + half < n) lanes[lane] = lanes[lane] + lanes[lane + half];
  }
  if (lane == 0) y[blockIdx.x] = lanes[0] + 0.0f;
}
)cuda";

bool cannot_run(const char* name) {
  const bool has_gpu =
      cuda_device_count() > 0 && describe(cuda_device()).find("Stand-in") == std::string::npos;
  if (has_gpu && cuda::nvrtc_version()) return false;
  std::printf("SKIP %s: %s\n", name, has_gpu ? "GPU, but no NVRTC" : "no GPU");
  return true;
}

Tensor matrix(std::int64_t rows, std::int64_t columns, bool is_transposed, std::uint64_t seed) {
  Generator generator(seed);
  const Tensor x =
      randn(is_transposed ? Shape{columns, rows} : Shape{rows, columns}, &generator, cuda_device());
  return is_transposed ? view::transpose(x, 0, 1) : x;
}

Tensor naive_matmul(const Tensor& a, const Tensor& b) {
  static const cuda::RawKernel kernel(matmul_text, "naive_matmul", {"--fmad=false"});
  Tensor c = empty({a.size(0), b.size(1)}, DType::F32, cuda_device());
  launch(kernel,
         {.grid = {(c.size(1) + 15) / 16, (c.size(0) + 15) / 16}, .block = {.x = 16, .y = 16}}, a,
         b, c, c.size(0), c.size(1), a.size(1), a.stride(0), a.stride(1), b.stride(0), b.stride(1));
  return c;
}

}  // namespace

TEST_CASE("matrix products on a GPU have the bits of a naive kernel") {
  if (cannot_run("matrix products on a GPU have the bits of a naive kernel")) return;
  const std::int64_t sizes[][3] = {{1, 1, 1},      {1, 300, 64},   {3, 5, 7},     {17, 33, 65},
                                   {64, 64, 64},   {127, 129, 31}, {128, 128, 0}, {130, 70, 257},
                                   {256, 512, 96}, {2000, 60, 33}};
  for (const auto& [m, n, k] : sizes) {
    for (int layout = 0; layout < 4; ++layout) {
      const Tensor a = matrix(m, k, layout & 1, 1);
      const Tensor b = matrix(k, n, layout & 2, 2);
      INFO(m, " ", n, " ", k, " layout ", layout);
      CHECK(test::same_bits(matmul(a, b), naive_matmul(a, b)));
    }
  }
}

TEST_CASE("tf32 products on a GPU are near the exact ones, and the same every time") {
  if (cannot_run("tf32 products on a GPU are near the exact ones, and the same every time")) return;
  const std::int64_t sizes[][3] = {{128, 128, 128}, {130, 70, 257}, {512, 384, 1024}, {5, 9, 40}};
  for (const auto& [m, n, k] : sizes) {
    for (int layout = 0; layout < 4; ++layout) {
      const Tensor a = matrix(m, k, layout & 1, 1);
      const Tensor b = matrix(k, n, layout & 2, 2);
      const Tensor found = matmul(a, b, Precision::Tf32);
      INFO(m, " ", n, " ", k, " layout ", layout);
      const Tensor exact = naive_matmul(a, b);
      CHECK(test::error(found, test::values(exact)) < 2e-3);
      CHECK_FALSE(test::same_bits(found, exact));  // or the precision was not heeded
      CHECK(test::same_bits(found, matmul(a, b, Precision::Tf32)));
    }
  }
}

TEST_CASE("row sums on a GPU have the bits of a naive kernel") {
  if (cannot_run("row sums on a GPU have the bits of a naive kernel")) return;
  const cuda::RawKernel kernel(sum_text, "naive_sum", {"--fmad=false"});
  for (std::int64_t n : {1, 2, 31, 128, 255, 256, 257, 1000, 4096, 32000, 65536}) {
    Generator generator(static_cast<std::uint64_t>(n));
    const Tensor x = randn({37, n}, &generator, cuda_device());
    Tensor y = empty({37}, DType::F32, cuda_device());
    launch(kernel, {.grid = {37}, .block = {256}}, x, y, n);
    INFO(n);
    CHECK(test::same_bits(sum(x, {1}), y));
  }
}
