// See step.h.
#include "examples/llama/train/step.h"

#include <optional>

#include "runtime/device/error.h"
#include "runtime/device/profile.h"
#include "runtime/nn/optimizer.h"
#include "runtime/ops/fill.h"

namespace llama {

std::vector<pg::Tensor> trainable(const Model& model) {
  std::vector<pg::Tensor> tensors;
  for (const NamedTensor& parameter : model.parameters()) {
    parameter.tensor.requires_grad_();
    tensors.push_back(parameter.tensor);
  }
  return tensors;
}

StepGradients compute_gradients(const Model& model, const std::vector<pg::Tensor>& parameters,
                                const Batch& batch, std::int64_t parts, double clip) {
  const std::int64_t sequences = batch.inputs.size(0), tokens = batch.inputs.numel();
  if (parts < 1 || sequences % parts != 0) {
    pg::fail("train", "--accumulate {} does not divide --batch {}", parts, sequences);
  }
  const std::int64_t rows = sequences / parts;
  const float share = 1.0f / static_cast<float>(tokens);
  std::vector<pg::Tensor> sums;
  for (std::int64_t part = 0; part < parts; ++part) {
    std::optional<pg::Range> range(std::in_place, "forward");
    const pg::Tensor losses = model.token_losses(batch.inputs.narrow(0, part * rows, rows),
                                                 batch.targets.narrow(0, part * rows, rows));
    range.emplace("backward");
    losses.backward(pg::full(losses.shape(), share, pg::DType::F32, losses.device()));
    sums.push_back(losses.detach().sum());
  }
  const auto gradient = pg::nn::clip_grad_norm(parameters, clip);
  // Everything is launched; only now wait for it.
  double loss = 0;
  for (const pg::Tensor& sum : sums) loss += sum.item<float>();
  return {static_cast<float>(loss / static_cast<double>(tokens)), gradient.norm.item<float>(),
          gradient.clip};
}

}  // namespace llama
