// How well a model predicts a text.
#pragma once

#include <cstdint>

#include "examples/llama/data/tokens.h"
#include "examples/llama/model/model.h"

namespace llama {

struct EvalResult {
  double loss = 0;  // nats per token
  std::int64_t tokens = 0;
};

/// Mean cross-entropy over the whole of `tokens` in non-overlapping windows.
EvalResult evaluate(const Model& model, const Tokens& tokens, std::int64_t batch, std::int64_t seq);

}  // namespace llama
