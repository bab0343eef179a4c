// See dump.h.
#include "examples/llama/dump.h"

#include <fmt/format.h>

#include "examples/llama/weights/weights.h"
#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "runtime/nn/optimizer.h"
#include "runtime/nn/safetensors.h"

namespace llama {

namespace {

struct Pair {
  pg::Tensor inputs, targets;
};

// tokens[n] as inputs [B, S] and targets shifted by one.
Pair batch_of(const pg::Tensor& tokens, std::int64_t n, pg::Device device) {
  pg::Tensor batch = pg::view::select(tokens, 0, n);
  std::int64_t seq = batch.size(1) - 1;
  return {batch.narrow(1, 0, seq).contiguous().to(device),
          batch.narrow(1, 1, seq).contiguous().to(device)};
}

pg::Tensor read_tokens(const DumpOptions& options) {
  pg::nn::SafetensorsFile file(options.tokens.string());
  pg::Tensor tokens = file.read("tokens");
  if (tokens.dim() != 3 || tokens.dtype() != pg::DType::I32 || tokens.size(2) < 2) {
    throw pg::Error(fmt::format("{}: `tokens` must be int32 [N, B, S + 1], not {}",
                                options.tokens.string(), pg::describe(tokens)));
  }
  if (tokens.size(0) < std::max<std::int64_t>(options.steps, 1)) {
    throw pg::Error(fmt::format("{}: `tokens` holds {} batches, --train needs {}",
                                options.tokens.string(), tokens.size(0), options.steps));
  }
  return tokens;
}

}  // namespace

void dump(const DumpOptions& options) {
  warn_of_unknown_keys(options.model);
  Model model = load_model(options.model, options.run.device);
  model.set_precision(options.run.precision);
  pg::Tensor tokens = read_tokens(options);
  std::vector<pg::Tensor> parameters;
  for (const NamedTensor& parameter : model.parameters()) {
    parameters.push_back(parameter.tensor.requires_grad_());
  }

  std::vector<NamedTensor> out;
  Pair first = batch_of(tokens, 0, model.device());
  pg::Tensor logits = model.logits(first.inputs);
  pg::Tensor loss = pg::cross_entropy(logits.reshape({-1, model.config().vocab_size}),
                                      first.targets.reshape({-1}));
  loss.backward();
  out.push_back({"logits", logits.detach()});
  out.push_back({"loss", loss.detach()});
  out.push_back({"grad_norm", pg::nn::clip_grad_norm(parameters, 0).norm});
  for (const NamedTensor& parameter : model.parameters()) {
    out.push_back({"grad." + parameter.name, parameter.tensor.grad()});
    parameter.tensor.zero_grad();
  }

  if (options.steps > 0) {
    pg::nn::AdamW optimizer(pg::nn::decay_matrices_only(parameters, options.weight_decay),
                            {options.learning_rate, options.beta1, options.beta2, options.eps});
    std::vector<float> losses, norms;
    for (std::int64_t step = 0; step < options.steps; ++step) {
      Pair batch = batch_of(tokens, step, model.device());
      pg::Tensor step_loss = model.loss(batch.inputs, batch.targets);
      step_loss.backward();
      auto gradient = pg::nn::clip_grad_norm(parameters, options.clip);
      optimizer.step(gradient.clip);
      optimizer.zero_grad();
      losses.push_back(step_loss.item<float>());
      norms.push_back(gradient.norm.item<float>());
    }
    out.push_back({"losses", pg::from_data(losses, {options.steps})});
    out.push_back({"grad_norms", pg::from_data(norms, {options.steps})});
    for (const NamedTensor& parameter : model.parameters()) {
      out.push_back({"final." + parameter.name, parameter.tensor.detach()});
    }
  }
  pg::nn::save_safetensors(options.out.string(), out);
}

}  // namespace llama
