// RMSNorm over the last dimension (kernels/rmsnorm.tile).
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

}  // namespace pg::ops
