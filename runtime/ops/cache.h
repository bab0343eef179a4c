// The cache of keys and values of a decoder (kernels/cache.tile).
#pragma once

#include "runtime/tensor/tensor.h"

namespace pg::ops {

/// cache[:, start + s] = x[:, s] for x [B, S, H, D] of any strides and cache [B, T, H, D]; start is
/// an i64 tensor with one element, checked on the host: "cache_update: positions 510 to 513 of
/// 512". In place.
void cache_update_(const Tensor& cache, const Tensor& x, const Tensor& start);

}  // namespace pg::ops
