// Normalisation over the last dimension: RMSNorm (kernels/rmsnorm.tile), and what LayerNorm does
// before its weight and bias (kernels/layernorm.tile).
#pragma once

#include "runtime/tensor/tensor.h"

namespace pg::ops {

struct RmsNormResult {
  Tensor y;     // x's shape, packed
  Tensor rstd;  // x's shape without the last dimension: 1 / sqrt(mean(x^2) + eps)
};
/// y = x * rstd * w with w [D]. "rms_norm: weight has 32 elements, the last dimension 64".
RmsNormResult rms_norm(const Tensor& x, const Tensor& w, double eps);

struct RmsNormGradients {
  Tensor x;
  Tensor w;  // summed over all rows by the rule of sum
};
RmsNormGradients rms_norm_backward(const Tensor& gradient, const Tensor& x, const Tensor& w,
                                   const Tensor& rstd);

struct StandardizeResult {
  Tensor y;     // x's shape, packed
  Tensor rstd;  // x's shape without the last dimension: 1 / sqrt(variance + eps)
};
/// y = (x - mean) * rstd.
StandardizeResult standardize(const Tensor& x, double eps);
/// Gradient of x, from y and rstd.
Tensor standardize_backward(const Tensor& gradient, const Tensor& y, const Tensor& rstd);

}  // namespace pg::ops
