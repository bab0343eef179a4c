// Text that a model in training writes, to see how it comes along.
#pragma once

#include <filesystem>

#include "examples/llama/train/run.h"

namespace llama {

/// Shows a sample on stderr and adds it to samples.txt in `out`. It has random numbers of its own:
/// training goes on as if there had been none.
void show_sample(const Run& run, const TrainOptions& options);

}  // namespace llama
