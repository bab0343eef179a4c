// How a tf32 product on a GPU is brought into the form that its tensor cores take at full speed:
// one side at least with k contiguous, and enough programs for all multiprocessors.
#pragma once

#include "runtime/device/kernel.h"
#include "runtime/tensor/tensor.h"

namespace pg::ops {

/// a [M, K] by b [K, N], both of the same CUDA device and with elements; tf32.
Tensor multiply_on_tensor_cores(const Kernel& kernel, const Tensor& a, const Tensor& b);

}  // namespace pg::ops
