// See step_guard.h.
#include "examples/llama/train/step_guard.h"

#include <fmt/format.h>

#include <algorithm>

#include "examples/llama/base/exit_code.h"
#include "examples/llama/base/say.h"
#include "examples/llama/train/step_dump.h"
#include "runtime/autograd/anomaly.h"

namespace llama {

namespace {

constexpr int most_dumps = 8;      // of a run that goes on: each is as large as a checkpoint
constexpr int settled_after = 20;  // losses, until a spike can be told
constexpr double memory = 0.95;    // of the running mean

}  // namespace

std::string first_anomaly(const Run& run, const Batch& batch, const TrainOptions& options) {
  for (const NamedTensor& parameter : run.model.parameters()) {
    const std::string found = pg::autograd::find_anomaly(parameter.tensor);
    if (!found.empty()) return fmt::format("parameter {} has {}", parameter.name, found);
  }
  run.optimizer.zero_grad();
  try {
    const pg::AnomalyMode anomaly;
    compute_gradients(run.model, run.parameters, batch, options.accumulate, options.clip);
  } catch (const pg::Error& error) {
    return error.what();
  }
  return "each gradient is finite, the sum of their squares is not";
}

bool StepGuard::is_spike(float loss) {
  const bool is_far_above =
      options_.spike > 0 && losses_ >= settled_after && loss > options_.spike * usual_loss_;
  usual_loss_ = losses_ == 0 ? loss : memory * usual_loss_ + (1 - memory) * loss;
  ++losses_;
  return is_far_above;
}

bool StepGuard::admits(const Run& run, const Batch& batch, const StepGradients& gradients) {
  const std::int64_t step = run.step + 1;
  const double usual = usual_loss_;
  const bool is_finite = gradients.are_finite();
  const bool spikes = is_finite && is_spike(gradients.loss);
  const bool ends_the_run = !is_finite && options_.on_nan == OnNan::Stop;
  const bool is_wanted = step == options_.dump_step || ends_the_run;
  const bool is_odd = (!is_finite || spikes) && dumps_ < most_dumps;
  const std::filesystem::path dump = dump_path(options_.out, step);
  is_dumped_ = (is_wanted || is_odd) && dump_inputs(dump, run, options_, batch);
  dumps_ += is_odd;
  if (spikes) {
    warn("step {}: loss {:.4f}, usual is {:.4f}", step, gradients.loss, usual);
  }
  if (is_finite) return true;

  const std::string what =
      fmt::format("step {}: loss {}, gradient norm {}", step, gradients.loss, gradients.norm);
  if (options_.on_nan == OnNan::Ignore) {
    warn("{}", what);
    return true;
  }
  const std::string cause = first_anomaly(run, batch, options_);
  if (options_.on_nan == OnNan::Skip) {
    warn("{}, no update: {}", what, cause);
    return false;
  }
  if (is_dumped_) dump_record(dump, record_of(gradients, false, run));
  const std::string again =
      fmt::format("; `llama replay {} --step {}` computes it again", options_.out.string(), step);
  throw Failure(exit_check_failed,
                fmt::format("train: {}: {}{}", what, cause, is_dumped_ ? again : ""));
}

void StepGuard::finish(const Run& run, const StepGradients& gradients, bool is_updated) {
  if (!is_dumped_) return;
  dump_record(dump_path(options_.out, run.step), record_of(gradients, is_updated, run));
}

}  // namespace llama
