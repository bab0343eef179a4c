// `llama generate`: text from a model, on stdout and nothing else there.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "examples/llama/model/model.h"
#include "examples/llama/sampler.h"
#include "examples/llama/tokenizer/tokenizer.h"

namespace llama {

struct GenerateOptions {
  std::string prompt;
  std::int64_t steps = 256;  // tokens in all, the prompt's included
  SamplerOptions sampler;
};

struct GenerateStatistics {
  std::int64_t tokens = 0;  // sampled
  double seconds = 0;       // spent on them
};

/// Calls `emit` with each piece as it is known. Stops at `steps` or when the model ends the text.
/// When the model's context is full, it goes on from the last half of it.
GenerateStatistics generate(const Model& model, const Tokenizer& tokenizer,
                            const GenerateOptions& options,
                            const std::function<void(std::string_view)>& emit);

}  // namespace llama
