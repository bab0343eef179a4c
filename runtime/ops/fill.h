// Constant tensors. zeros, arange and host data are in tensor.h; these need a kernel
// (kernels/copy.tile).
#pragma once

#include "runtime/tensor/tensor.h"

namespace pg {

Tensor full(const Shape& shape, double value, DType type = DType::F32,
            Device device = default_device());
Tensor full_like(const Tensor& other, double value);
Tensor ones(const Shape& shape, DType type = DType::F32, Device device = default_device());
Tensor ones_like(const Tensor& other);

namespace ops {

/// Writes `value` over all elements of a view; marks it as written. Integral for integer types.
void fill_(const Tensor& destination, double value);

}  // namespace ops
}  // namespace pg
