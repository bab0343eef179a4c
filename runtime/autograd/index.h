// Reading and writing at places that tensors name. Index tensors are i32 or i64 and checked:
// "index: index 7 at position 2 is out of range for axis 0 of size 5". x is of any element type;
// gradients of f32: what several results read from one element is added in ascending order of
// position.
#pragma once

#include "runtime/tensor/index.h"

namespace pg {

/// x[indices...] (runtime/tensor/index.h), with PyTorch's rules: index tensors broadcast with each
/// other, and their dimensions stand where the first of them stands when they are neighbours, else
/// first. A bool mask covers as many dimensions as it has. Without index tensors a view.
Tensor index(const Tensor& x, const TensorIndices& indices);
/// A copy of x with `values` (of x's type, broadcast to the shape of index(x, indices)) at these
/// places, or added there. Of several values for one place the last stays. Gradients: of x, zero at
/// the places unless added; of values, what arrives at their place, zero for those that did not
/// stay.
Tensor index_put(const Tensor& x, const TensorIndices& indices, const Tensor& values,
                 bool accumulate = false);
/// Elements ids[i] (one dimension) along `axis`.
Tensor index_select(const Tensor& x, int axis, const Tensor& ids);
/// The elements where mask (bool, broadcast) holds, one dimension.
Tensor masked_select(const Tensor& x, const Tensor& mask);
/// Indices (i64 [K, rank]) of the elements that are not 0, in row-major order. No gradient.
Tensor nonzero(const Tensor& x);

/// y[i][j][k] = x[i][ids[i][j][k]][k], along `axis`: ids has x's number of dimensions and in those
/// other than `axis` at most its sizes. Not negative.
Tensor gather(const Tensor& x, int axis, const Tensor& ids);
/// A copy of x with source[i][j][k] at [i][ids[i][j][k]][k], or added there; source is at least as
/// large as ids (or one number), x too but along `axis`. Of several values for one place the last
/// stays, and it alone has a gradient.
Tensor scatter(const Tensor& x, int axis, const Tensor& ids, const Tensor& source);
Tensor scatter(const Tensor& x, int axis, const Tensor& ids, double value);
Tensor scatter_add(const Tensor& x, int axis, const Tensor& ids, const Tensor& source);

namespace autograd {
/// gather at indices that need no check, made by an op: packed i64.
Tensor gathered(const Tensor& x, int axis, const Tensor& ids);
}  // namespace autograd

/// i64 [ids.., classes], 1 at each id and 0 elsewhere; ids (i32, i64) in [0, classes). classes =
/// -1: the largest id + 1.
Tensor one_hot(const Tensor& ids, std::int64_t classes = -1);

}  // namespace pg
