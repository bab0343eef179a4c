// Moving elements: copies between any strides, casts, filling, joining. One kernel each
// (kernels/copy.tile).
#pragma once

#include <span>

#include "runtime/tensor/tensor.h"

namespace pg::ops {

/// x itself when it is packed, else a packed copy. Gradient: g.
Tensor contiguous(const Tensor& x);
/// A packed copy, always. Gradient: g.
Tensor clone(const Tensor& x);
/// Another element type: x itself when it is the same. f32 to integers truncates and saturates, NaN
/// gives 0; to bool: x != 0. Gradient (f32 to f32 only): g.
Tensor cast(const Tensor& x, DType type);
/// Writes source (broadcast to destination's shape, same element type) over destination, a view of
/// any strides without overlapping elements; marks it as written. Writing part of a tensor: pass a
/// view of it (view::narrow(cache, 1, start, n)). Not differentiable in destination; gradient of
/// source: g.
void copy_(const Tensor& destination, const Tensor& source);
/// Joins tensors that agree in all dimensions but `axis`. Gradient of part i: view::narrow of g.
Tensor cat(std::span<const Tensor> parts, int axis);
/// Same elements under another shape (one size may be -1): a view when strides allow it, else a
/// packed copy. Gradient: g reshaped back.
Tensor reshape(const Tensor& x, const Shape& shape);
/// Zeros of `shape` with `part` written at [start, start + part.size(axis)) of `axis`, or with a
/// step: the gradient of slicing.
Tensor slice_backward(const Tensor& gradient, const Shape& shape, int axis, std::int64_t start,
                      std::int64_t step = 1);

/// The lower triangle (the upper one) of the last two dimensions: elements with column - row <=
/// diagonal (>=) stay, the others are 0. Any element type. Gradient: the same of g.
Tensor triangle(const Tensor& x, std::int64_t diagonal, bool is_upper);

}  // namespace pg::ops
