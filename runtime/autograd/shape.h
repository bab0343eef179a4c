// Shapes: views where strides allow them (they share memory with x and cost nothing), and copies.
// Any element type; gradients of f32. Axes may be negative. Errors name the function and the
// shapes.
#pragma once

#include <span>

#include "runtime/autograd/tape.h"

namespace pg {

// Views.
Tensor transpose(const Tensor& x, int a, int b);
Tensor permute(const Tensor& x, const Dims& order);
/// The same elements in row-major order under another shape; one size may be -1. A copy where no
/// view has that shape.
Tensor reshape(const Tensor& x, const Shape& shape);
/// Dimensions of size 1 repeated, new ones in front; -1 keeps a size.
Tensor expand(const Tensor& x, const Shape& shape);
/// Without the dimension if its size is 1; without all such dimensions.
Tensor squeeze(const Tensor& x, int axis);
Tensor squeeze(const Tensor& x);
/// With a dimension of size 1 before `axis`, or at the end (-1).
Tensor unsqueeze(const Tensor& x, int axis);
/// Dimensions first to last as one.
Tensor flatten(const Tensor& x, int first = 0, int last = -1);
/// The element `index` along `axis`, without that dimension.
Tensor select(const Tensor& x, int axis, std::int64_t index);
/// Elements start, start + step, ... below end, bounds as in Python.
Tensor slice(const Tensor& x, int axis, std::int64_t start, std::int64_t end,
             std::int64_t step = 1);
/// `length` elements from `start` on, which must be inside.
Tensor narrow(const Tensor& x, int axis, std::int64_t start, std::int64_t length);
/// Parts of `size` elements along `axis`, the last may be smaller (of no elements one empty part);
/// or of the given sizes, which must add up.
Tensors split(const Tensor& x, std::int64_t size, int axis = 0);
Tensors split(const Tensor& x, std::span<const std::int64_t> sizes, int axis = 0);
Tensors split(const Tensor& x, std::initializer_list<std::int64_t> sizes, int axis = 0);
/// At most `count` parts of equal size, the last may be smaller; `count` empty ones of no elements.
Tensors chunk(const Tensor& x, std::int64_t count, int axis = 0);
/// x[0], x[1], ... along `axis`.
Tensors unbind(const Tensor& x, int axis = 0);

// Copies.
/// x itself when it is packed.
Tensor contiguous(const Tensor& x);
Tensor clone(const Tensor& x);
/// Another element type; x itself when it is the same. f32 to integers truncates. Only f32 has
/// gradients, so none passes.
Tensor cast(const Tensor& x, DType type);
/// A packed copy on another device; its gradient comes back to x's.
Tensor to(const Tensor& x, Device device);
/// Parts that agree in device and all sizes but that of `axis`, joined; brought to the highest of
/// their types (elementwise.h).
Tensor cat(std::span<const Tensor> parts, int axis = 0);
Tensor cat(std::initializer_list<Tensor> parts, int axis = 0);
/// The same shapes, joined along a new dimension.
Tensor stack(std::span<const Tensor> parts, int axis = 0);
Tensor stack(std::initializer_list<Tensor> parts, int axis = 0);
/// The whole tensor counts[d] times along dimension d; more counts than dimensions add dimensions.
Tensor repeat(const Tensor& x, const Dims& counts);
/// The order of elements along `axes` turned round.
Tensor flip(const Tensor& x, const Dims& axes);
/// Element i of `axis` goes to place i + shift, round the end; without an axis in row-major order.
Tensor roll(const Tensor& x, std::int64_t shift, int axis);
Tensor roll(const Tensor& x, std::int64_t shift);
/// The lower (upper) triangle of the last two dimensions: column - row <= diagonal (>=); the rest
/// is 0.
Tensor tril(const Tensor& x, std::int64_t diagonal = 0);
Tensor triu(const Tensor& x, std::int64_t diagonal = 0);

}  // namespace pg
