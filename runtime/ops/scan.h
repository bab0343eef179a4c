// Running sums and searches in sorted rows (kernels/scan.tile).
#pragma once

#include "runtime/tensor/tensor.h"

namespace pg::ops {

/// Sums of the elements up to each along `axis`, itself included, in the language's order of scans
/// (ascending in blocks of 256). f32, or integers (bool counts as i64). Gradient: the running sum
/// of g from the end.
Tensor cumsum(const Tensor& x, int axis);
/// How many elements of each ascending row of sorted [.., N] lie before each of values [.., T]: are
/// less, or with or_equal not greater. i64, shape of values; rows and types agree. No gradient.
Tensor search_sorted(const Tensor& sorted, const Tensor& values, bool or_equal);

}  // namespace pg::ops
