// Random choices. Numbers are drawn on the host from `generator` (by default the global one), so
// they are the same on every device.
#pragma once

#include "runtime/tensor/random.h"
#include "runtime/tensor/tensor.h"

namespace pg {

/// `count` indices (i64) per row of weights [N] or [R, N] (f32, not negative, not all 0; they need
/// not add up to 1), each chosen with its weight's probability; without replacement no index comes
/// twice in a row. No gradient. Waits for the device.
Tensor multinomial(const Tensor& weights, std::int64_t count, bool replacement = false,
                   Generator* generator = nullptr);

}  // namespace pg
