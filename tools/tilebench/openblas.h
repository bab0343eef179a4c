// OpenBLAS as a peer, loaded at run time if it is installed.
#pragma once

#include <cstdint>
#include <optional>

namespace bench {

class OpenBlas {
 public:
  /// Nothing when the library is missing. Ignores OPENBLAS_* variables that pin an older core's
  /// kernels.
  static std::optional<OpenBlas> load(int threads);

  /// Row-major c[m, n] = op(a) op(b); a transposed operand is stored [k, m] or [n, k].
  void matmul(bool transpose_a, bool transpose_b, int m, int n, int k, const float* a,
              const float* b, float* c) const;

 private:
  using Gemm = void (*)(int order, int transpose_a, int transpose_b, int m, int n, int k,
                        float alpha, const float* a, int lda, const float* b, int ldb, float beta,
                        float* c, int ldc);
  Gemm gemm_ = nullptr;
};

}  // namespace bench
