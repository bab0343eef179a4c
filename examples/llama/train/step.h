// The gradients of one training step, over one batch or over the micro-batches it is cut into.
#pragma once

#include <cmath>
#include <cstdint>
#include <vector>

#include "examples/llama/data/windows.h"
#include "examples/llama/model/model.h"
#include "runtime/ops/optimizer.h"

namespace llama {

/// Sets requires_grad on all parameters and returns them.
std::vector<pg::Tensor> trainable(const Model& model);

struct StepGradients {
  float loss = 0;   // nats per token
  float norm = 0;   // before clipping
  pg::Tensor clip;  // what AdamW::step multiplies gradients with

  bool are_finite() const { return std::isfinite(loss) && std::isfinite(norm); }
};

/// Leaves the gradients of the batch's mean loss in grad(). The batch is cut into `parts` of whole
/// sequences: g = (g1 + g2) + ..., each part divided by the token count of the whole batch. Throws
/// pg::Error when `parts` does not divide the number of sequences.
StepGradients compute_gradients(const Model& model, const std::vector<pg::Tensor>& parameters,
                                const Batch& batch, std::int64_t parts, double clip);

}  // namespace llama
