// Sorting along an axis (kernels/sort.tile).
#pragma once

#include "runtime/tensor/tensor.h"

namespace pg::ops {

/// x along its last dimension in ascending or descending order, and the index (i64) where each
/// element was. NaN is greater than every number; equal elements keep their order. Any element
/// type, at least one dimension. Gradient of values: g taken back to these indices.
ValuesAndIndices sort(const Tensor& x, bool descending);

}  // namespace pg::ops
