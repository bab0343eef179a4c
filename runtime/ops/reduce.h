// Reductions over any axes (kernels/reduce.tile), in the orders that docs/language.md fixes: sum
// has 256 lanes and a halving tree, segments of 65,536 elements above that. An empty `axes` means
// all. With keepdim the reduced dimensions stay with size 1. Errors: "sum: axis 3 is out of range
// for 2 dimensions"; "amax: no elements along the reduced axes of [2, 0]".
#pragma once

#include "runtime/tensor/tensor.h"

namespace pg::ops {

/// f32; of integers and bool an i64. Gradient: view::expand of g to x's shape (after putting
/// reduced dimensions back as 1).
Tensor sum(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
/// sum / n. Gradient: expanded g / n.
Tensor mean(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
/// f32, or an i64 of integers and bool. Gradient: g times the product of the other elements.
Tensor prod(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
/// Largest, smallest; NaN wins. Gradient: extremum_backward.
Tensor amax(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
Tensor amin(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
/// Index (i64) of the first largest / smallest along one axis; NaN counts as such. No gradient.
Tensor argmax(const Tensor& x, int axis, bool keepdim = false);
Tensor argmin(const Tensor& x, int axis, bool keepdim = false);
/// Of bool tensors.
Tensor any(const Tensor& x, const Dims& axes = {}, bool keepdim = false);
Tensor all(const Tensor& x, const Dims& axes = {}, bool keepdim = false);

/// Gradient of amax/amin: g shared evenly between the elements equal to the extremum. `extremum`
/// and `gradient` have the reduced dimensions kept (size 1).
Tensor extremum_backward(const Tensor& gradient, const Tensor& x, const Tensor& extremum,
                         const Dims& axes);
/// Sums out the dimensions that broadcasting from `shape` added: the gradient of broadcasting. x
/// itself when the shapes agree.
Tensor sum_to(const Tensor& x, const Shape& shape);
/// Sum of squares of all elements, shape [], by the rule of sum.
Tensor sum_squares(const Tensor& x);
/// The same into an existing tensor of shape [], such as an element of a list of results.
void sum_squares_(const Tensor& destination, const Tensor& x);

}  // namespace pg::ops
