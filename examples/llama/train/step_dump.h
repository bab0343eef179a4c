// A step kept whole: weights and moments before it, its batch, and what came out. `llama replay`
// computes it once more; other bits then mean that a machine erred, or that the code is another.
#pragma once

#include <filesystem>
#include <string>

#include "examples/llama/train/run.h"
#include "examples/llama/train/step.h"

namespace llama {

/// What a step gave, as texts: exact, NaN and infinities included.
struct StepRecord {
  std::string loss, gradient_norm;
  bool is_updated = false;
  double learning_rate = 0;
  std::string weights_hash;  // after the step
  bool operator==(const StepRecord&) const = default;
};

StepRecord record_of(const StepGradients& gradients, bool is_updated, const Run& run);

std::filesystem::path dump_path(const std::filesystem::path& out, std::int64_t step);

/// Before the update: what the step begins from. A failure gives a warning, and false.
bool dump_inputs(const std::filesystem::path& path, const Run& run, const TrainOptions& options,
                 const Batch& batch);
/// After it.
void dump_record(const std::filesystem::path& path, const StepRecord& record);
/// Throws pg::Error naming the file.
StepRecord read_record(const std::filesystem::path& path);

}  // namespace llama
