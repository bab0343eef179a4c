// Reductions and running sums. `axes` may be negative; an empty list means all dimensions. With
// keepdim the reduced dimensions stay with size 1. The order of every sum is fixed
// (docs/language.md, section 10), so results have the same bits everywhere. Errors: "sum: axis 3 is
// out of range for 2 dimensions".
#pragma once

#include "runtime/tensor/tensor.h"

namespace pg {

/// f32; of integers and bool an i64 sum, without gradient.
Tensor sum(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
/// f32; NaN of no elements.
Tensor mean(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
/// Product; f32, or i64 of integers and bool. Zeros among the factors are no trouble for the
/// gradient.
Tensor prod(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
/// Mean square distance from the mean over n - correction, f32; two passes. std is its square root;
/// where it is 0 its gradient is 0.
Tensor var(const Tensor& x, const Dims& axes = {}, std::int64_t correction = 1,
           bool keepdim = false);
Tensor std(const Tensor& x, const Dims& axes = {}, std::int64_t correction = 1,
           bool keepdim = false);
/// Largest, smallest; NaN wins. The gradient is shared evenly between equals.
/// "amax: no elements along the reduced axes of [2, 0]".
Tensor amax(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
Tensor amin(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
/// Of all elements, as amax; along one axis with the indices (i64) of the first such elements,
/// which get the whole gradient.
Tensor max(const Tensor& x);
Tensor min(const Tensor& x);
ValuesAndIndices max(const Tensor& x, int axis, bool keepdim = false);
ValuesAndIndices min(const Tensor& x, int axis, bool keepdim = false);
/// Index (i64) of the first largest or smallest along `axis`, or in row-major order of all
/// elements; NaN counts as such. No gradient.
Tensor argmax(const Tensor& x);
Tensor argmin(const Tensor& x);
Tensor argmax(const Tensor& x, int axis, bool keepdim = false);
Tensor argmin(const Tensor& x, int axis, bool keepdim = false);
/// Of bool; other types count as x != 0.
Tensor any(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
Tensor all(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
/// log(sum(e^x)) without overflow; of integers and bool too, f32. -infinity of no elements.
Tensor logsumexp(const Tensor& x, const Dims& axes, bool keepdim = false);
/// (sum |x|^p)^(1/p): p = 2, 1, infinity (the largest |x|) or any other positive number; f32. The
/// gradient at 0 is 0.
Tensor norm(const Tensor& x, double p = 2.0, const Dims& axes = {}, bool keepdim = false);
/// Sum of the elements up to each along `axis`, itself included. f32, or i64 of integers and bool.
Tensor cumsum(const Tensor& x, int axis);

/// Sums out what broadcasting from `shape` added; x itself when the shapes agree.
Tensor sum_to(const Tensor& x, const Shape& shape);

}  // namespace pg
