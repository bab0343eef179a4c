// Softmax, log-softmax and SwiGLU (kernels/softmax.tile, kernels/swiglu.tile).
#pragma once

#include "runtime/tensor/tensor.h"

namespace pg::ops {

/// Over one axis; rows of any length. Gradient: softmax_backward (y is the result).
Tensor softmax(const Tensor& x, int axis);
Tensor softmax_backward(const Tensor& gradient, const Tensor& y, int axis);
/// x - logsumexp(x). Gradient: g - exp(y) * sum(g).
Tensor log_softmax(const Tensor& x, int axis);
Tensor log_softmax_backward(const Tensor& gradient, const Tensor& y, int axis);

/// silu(gate) * up, equal shapes.
Tensor swiglu(const Tensor& gate, const Tensor& up);
struct SwigluGradients {
  Tensor gate, up;
};
SwigluGradients swiglu_backward(const Tensor& gradient, const Tensor& gate, const Tensor& up);

}  // namespace pg::ops
