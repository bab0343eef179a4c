// Matrix products (kernels/matmul.tile). Strides are free, so transposed views cost no copy. Every
// output is one fma chain over ascending k (NUMERICS rule 3), so in fp32 a row's bits do not depend
// on the batch around it.
#pragma once

#include "runtime/ops/precision.h"
#include "runtime/tensor/tensor.h"

namespace pg::ops {

/// a [.., M, K] by b [.., K, N], leading dimensions broadcast; rank 1 operands as in PyTorch (a
/// becomes [1, K], b becomes [K, 1], and the dimension is dropped from the result). f32. "matmul:
/// inner sizes 64 and 32 differ". Gradient: matmul_backward.
Tensor matmul(const Tensor& a, const Tensor& b, Precision precision = Precision::Fp32);
/// x [.., K] by w [N, K] transposed: y [.., N], a linear layer without bias. The leading dimensions
/// of x become rows of one product, so weights are read once. Gradient: linear_backward_*.
Tensor linear(const Tensor& x, const Tensor& w, Precision precision = Precision::Fp32);
/// dx = g w, shape of x.
Tensor linear_backward_input(const Tensor& gradient, const Tensor& w,
                             Precision precision = Precision::Fp32);
/// dw [N, K] = g^T x over all rows, ascending.
Tensor linear_backward_weight(const Tensor& gradient, const Tensor& x,
                              Precision precision = Precision::Fp32);

/// Gradients for both operands, each only if asked for (else undefined): da = g b^T and db = a^T g,
/// summed over broadcast batch dimensions; a weight [K, N] under a batched a is one product over
/// all rows.
struct MatmulGradients {
  Tensor a;
  Tensor b;
};
MatmulGradients matmul_backward(const Tensor& gradient, const Tensor& a, const Tensor& b,
                                bool need_a, bool need_b, Precision precision = Precision::Fp32);

}  // namespace pg::ops
