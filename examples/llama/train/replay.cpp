// See replay.h.
#include "examples/llama/train/replay.h"

#include <fmt/format.h>

#include "examples/llama/weights/weights.h"
#include "runtime/device/error.h"
#include "runtime/nn/safetensors.h"

namespace llama {

Replay replay(const std::filesystem::path& out, std::int64_t step, const RunOptions& run_options) {
  const std::filesystem::path dump = dump_path(out, step);
  if (!std::filesystem::exists(dump)) {
    pg::fail("replay", "{}: step {} was not dumped; train --dump-step {} dumps it", dump.string(),
             step, step);
  }
  TrainOptions options;
  options.run = run_options;
  adopt_settings(options, check_checkpoint(dump).settings);

  // As it was before the step.
  Model model = load_model(dump, options.run.device);
  model.set_precision(options.run.precision);
  const std::vector<pg::Tensor> parameters = trainable(model);
  pg::nn::AdamW optimizer = make_optimizer(options, parameters);
  load_optimizer(dump, optimizer);
  const pg::nn::SafetensorsFile file((dump / batch_name).string());
  const Batch batch{file.read("inputs").to(options.run.device),
                    file.read("targets").to(options.run.device)};

  // The step.
  Replay result{.recorded = read_record(dump), .computed = {}};
  const StepGradients gradients =
      compute_gradients(model, parameters, batch, options.accumulate, options.clip);
  optimizer.set_lr(result.recorded.learning_rate);
  if (result.recorded.is_updated) optimizer.step(gradients.clip);
  result.computed = {fmt::format("{}", gradients.loss), fmt::format("{}", gradients.norm),
                     result.recorded.is_updated, optimizer.lr(), pg::nn::hash_of(parameters)};
  return result;
}

}  // namespace llama
