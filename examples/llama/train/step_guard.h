// Watches the steps of a run: one whose loss or gradient norm is not finite follows --on-nan, one
// whose loss is far above the usual is noted, and both are dumped for `llama replay`: the first
// eight, and the one that ends the run.
#pragma once

#include "examples/llama/train/run.h"
#include "examples/llama/train/step.h"

namespace llama {

class StepGuard {
 public:
  explicit StepGuard(const TrainOptions& options) : options_(options) {}

  /// Between the gradients and the update of step run.step + 1: whether to update. Throws
  /// Failure(exit_check_failed) where --on-nan says to stop, naming the first op with a result that
  /// is not finite.
  bool admits(const Run& run, const Batch& batch, const StepGradients& gradients);
  /// After it, with run.step counting it: completes its dump.
  void finish(const Run& run, const StepGradients& gradients, bool is_updated);

 private:
  bool is_spike(float loss);

  const TrainOptions& options_;
  double usual_loss_ = 0;  // running mean; begins anew in a resumed run
  int losses_ = 0;
  int dumps_ = 0;           // that nobody asked for
  bool is_dumped_ = false;  // the step at hand
};

/// What went wrong first when these gradients are computed, once more: a parameter that is not
/// finite, or the op that anomaly mode finds. Leaves gradients to be cleared.
std::string first_anomaly(const Run& run, const Batch& batch, const TrainOptions& options);

}  // namespace llama
