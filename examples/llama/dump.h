// `llama dump`: numbers for comparing with anyone's reference.
#pragma once

#include <cstdint>
#include <filesystem>

#include "examples/llama/run_options.h"

namespace llama {

struct DumpOptions {
  RunOptions run;
  std::filesystem::path model;
  std::filesystem::path tokens;  // safetensors, int32 `tokens` [N, B, S + 1]
  std::filesystem::path out;
  std::int64_t steps = 0;  // AdamW steps; step s trains on tokens[s]
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8;
  double weight_decay = 0.1;
  double clip = 1.0;
};

/// Writes `logits` [B, S, V] and `loss` of batch 0, `grad.<name>` of every parameter, `grad_norm`;
/// with steps > 0 also `losses` [steps], `grad_norms` [steps] (before clipping) and `final.<name>`.
void dump(const DumpOptions& options);

}  // namespace llama
