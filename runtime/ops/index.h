// Elements at places named by integer tensors (kernels/index.tile), and the plan that brings any
// indexing expression to one such launch. All element types; nothing is recorded here. Writes that
// meet in one place are combined in ascending order of position.
#pragma once

#include <span>

#include "runtime/tensor/tensor.h"

namespace pg::ops {

/// Neighbouring dimensions [first, first + count) of a tensor that one index replaces: an i32 or
/// i64 tensor over their merged elements in row-major order. Negative indices count from the end.
struct IndexedDims {
  int first = 0;
  int count = 1;
  Tensor index;
};

/// How to read or write a tensor at index tensors: permuted by `order` and reshaped to [outer,
/// rows, inner] it is taken at `ids` along the middle. The result is [outer, ids, inner] reshaped
/// to `result`.
struct IndexPlan {
  Dims order;
  Shape flat;    // [outer, rows, inner]
  Tensor ids;    // i64 [T], each in [0, rows)
  Shape result;  // sizes of the dimensions before, of the broadcast indices, and after
};

/// As in PyTorch: index tensors broadcast with each other; their dimensions stand where the first
/// indexed one stood when the indexed dimensions are neighbours, else first. `dims` is not empty
/// and ascending. Errors: "index: index 7 at position 2 is out of range for axis 0 of size 5";
/// indices that do not broadcast.
IndexPlan plan_index(std::string_view op, const Tensor& x, std::span<const IndexedDims> dims);

/// Places in row-major order where a bool tensor holds: i64 [K]. Waits for the device.
Tensor nonzero_places(const Tensor& mask);

/// x [A, V, D], ids i64 [T]: [A, T, D]. Gradient: put_ of zeros with is_sum.
Tensor take(const Tensor& x, const Tensor& ids);
/// x[:, ids[t]] += g[:, t] when is_sum, else = g[:, t], t ascending; g [A, T, D]. Marks x as
/// written.
void put_(const Tensor& x, const Tensor& ids, const Tensor& g, bool is_sum);

/// Indices for gather and scatter_ along `axis` of x: packed i64. ids is i32 or i64 and agrees with
/// x in all other sizes. "gather: index 7 at position 2 is out of range for axis 1 of size 5".
Tensor checked_along(std::string_view op, const Tensor& x, int axis, const Tensor& ids);
/// y[.., t, ..] = x[.., ids[.., t, ..], ..] along `axis`. ids are packed i64 in range: checked, or
/// made by an op. Gradient: scatter_ to zeros with is_sum.
Tensor gather(const Tensor& x, int axis, const Tensor& ids);
/// x[.., ids[.., t, ..], ..] += g[.., t, ..] along `axis` when is_sum, else =; g has the shape of
/// ids, which are as for gather. x is packed; marks it as written.
void scatter_(const Tensor& x, int axis, const Tensor& ids, const Tensor& g, bool is_sum);

}  // namespace pg::ops
