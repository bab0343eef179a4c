// `llama replay`: computes a step of a run once more and compares.
#pragma once

#include <cstdint>
#include <filesystem>

#include "examples/llama/run_options.h"
#include "examples/llama/train/step_dump.h"

namespace llama {

struct Replay {
  StepRecord recorded, computed;
  bool is_same() const { return recorded == computed; }
};

/// The step that was dumped in the folder of a run. Throws pg::Error naming what is missing.
Replay replay(const std::filesystem::path& out, std::int64_t step, const RunOptions& run);

}  // namespace llama
