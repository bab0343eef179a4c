// Matrix products, f32. Every output is one chain of fused multiply-adds over ascending k, so its
// bits do not depend on what else is in the batch. Gradients have the precision of the product.
#pragma once

#include <initializer_list>
#include <string_view>

#include "runtime/ops/precision.h"
#include "runtime/tensor/tensor.h"

namespace pg {

/// [.., M, K] by [.., K, N], leading dimensions broadcast; one-dimensional operands as in PyTorch
/// (a row on the left, a column on the right, dropped from the result). "matmul: inner sizes 64 and
/// 32 differ".
Tensor matmul(const Tensor& a, const Tensor& b, Precision precision = Precision::Fp32);
/// x [.., K] by w [N, K] transposed, plus `bias` [N] if defined.
Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias = {},
              Precision precision = Precision::Fp32);

/// a [N] and b [N]: the sum of their products.
Tensor dot(const Tensor& a, const Tensor& b);
/// a [M] and b [N]: [M, N] of all products.
Tensor outer(const Tensor& a, const Tensor& b);
/// Sums of products by PyTorch's notation: einsum("bij,bjk->bik", {a, b}). A letter names a
/// dimension; letters that the result lacks are summed; without "->" the result has the letters
/// that stand once, in alphabetical order. A letter twice in one operand takes the diagonal.
/// "..." stands for the dimensions without a letter, which broadcast. Operands are contracted from
/// the left, each step one matmul. Errors: "einsum: `j` is 3 and 4".
Tensor einsum(std::string_view equation, std::initializer_list<Tensor> operands);

}  // namespace pg
