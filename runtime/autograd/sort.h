// Sorting along an axis. NaN is greater than every number; equal elements keep their order. Any
// element type; the gradient of the values goes to where they came from.
#pragma once

#include "runtime/tensor/tensor.h"

namespace pg {

/// x along `axis` in ascending or descending order, and the indices (i64) where the elements were.
ValuesAndIndices sort(const Tensor& x, int axis = -1, bool descending = false);
/// The indices alone.
Tensor argsort(const Tensor& x, int axis = -1, bool descending = false);
/// The `count` largest (or smallest) elements along `axis`, in order, and their indices. "topk: 7
/// of 5 elements".
ValuesAndIndices topk(const Tensor& x, std::int64_t count, int axis = -1, bool largest = true);

}  // namespace pg
