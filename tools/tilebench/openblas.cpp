// See openblas.h. Declarations of the two functions used are ours; cblas.h is not needed to build.
#include "tools/tilebench/openblas.h"

#include <dlfcn.h>

#include <cstdlib>

namespace bench {

namespace {
constexpr int row_major = 101, no_transpose = 111, transpose = 112;  // CBLAS enumerators
}

std::optional<OpenBlas> OpenBlas::load(int threads) {
  unsetenv("OPENBLAS_CORETYPE");
  unsetenv("OPENBLAS_L2_SIZE");
  void* library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) return std::nullopt;
  OpenBlas blas;
  blas.gemm_ = reinterpret_cast<Gemm>(dlsym(library, "cblas_sgemm"));
  auto set_threads = reinterpret_cast<void (*)(int)>(dlsym(library, "openblas_set_num_threads"));
  if (!blas.gemm_ || !set_threads) return std::nullopt;
  set_threads(threads);
  return blas;
}

void OpenBlas::matmul(bool transpose_a, bool transpose_b, int m, int n, int k, const float* a,
                      const float* b, float* c) const {
  gemm_(row_major, transpose_a ? transpose : no_transpose, transpose_b ? transpose : no_transpose,
        m, n, k, 1.0f, a, transpose_a ? m : k, b, transpose_b ? k : n, 0.0f, c, n);
}

}  // namespace bench
