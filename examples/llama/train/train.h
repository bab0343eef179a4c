// `llama train`: the training loop.
#pragma once

#include <cstdint>
#include <string>

#include "examples/llama/train/options.h"

namespace llama {

struct TrainOutcome {
  std::int64_t step = 0;       // done
  double validation_loss = 0;  // NaN when there was no validation in this call
  std::int64_t skipped = 0;
  std::string weights_hash = {};
  int signal = 0;  // that stopped the run early; 0: none
};

/// Trains, shows progress, keeps checkpoints, and in the end writes config.json, model.safetensors,
/// tokenizer, metrics.jsonl and report.html into `out`. Stopped early, by a signal or by
/// stop_after, it leaves a checkpoint from which `resume` goes on to the same bits, with its
/// settings but for those in `given`. Throws Failure when another trainer works in `out` or a
/// checkpoint cannot be written.
TrainOutcome train(TrainOptions options);

}  // namespace llama
