// Constant tensors. zeros, arange and host data are in tensor.h; these need a kernel
// (kernels/copy.tile).
#pragma once

#include "runtime/tensor/tensor.h"

namespace pg {

/// `value` everywhere, rounded to f32; integral for integer types: "full: 0.5 is not an i64".
Tensor full(const Shape& shape, double value, DType type = DType::F32,
            Device device = default_device());
Tensor full_like(const Tensor& other, double value);
Tensor ones(const Shape& shape, DType type = DType::F32, Device device = default_device());
Tensor ones_like(const Tensor& other);
/// [rows, columns], 1 where row and column agree, else 0; columns = rows if left out (-1).
Tensor eye(std::int64_t rows, std::int64_t columns = -1, DType type = DType::F32,
           Device device = default_device());

namespace ops {

/// Writes `value` over all elements of a view, in the name of `op`; marks it as written. Integral
/// for integer types.
void fill_(const Tensor& destination, double value, std::string_view op = "fill_");

}  // namespace ops
}  // namespace pg
