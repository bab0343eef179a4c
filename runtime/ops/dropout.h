// Random zeros (kernels/dropout.tile).
#pragma once

#include "runtime/tensor/random.h"
#include "runtime/tensor/tensor.h"

namespace pg::ops {

/// Each element of x (f32) times 1 / (1 - p), or 0 with probability p, 0 <= p <= 1. Element i falls
/// where number i of `state`, as Generator::uniform draws it, is less than p. Gradient: the same of
/// g.
Tensor dropout(const Tensor& x, double p, const GeneratorState& state);

}  // namespace pg::ops
