// See generate.h.
#include "examples/llama/generate.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "examples/llama/decoder.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

// The tokens that are given: the beginning of a text, then the prompt.
std::vector<std::int32_t> given_tokens(const Tokenizer& tokenizer, const std::string& prompt) {
  std::vector<std::int32_t> tokens;
  if (tokenizer.bos() >= 0) tokens.push_back(tokenizer.bos());
  std::vector<std::int32_t> text = tokenizer.encode(prompt);
  tokens.insert(tokens.end(), text.begin(), text.end());
  if (tokens.empty()) tokens.push_back(0);  // without a beginning token a text starts with any
  return tokens;
}

}  // namespace

GenerateStatistics generate(const Model& model, const Tokenizer& tokenizer,
                            const GenerateOptions& options,
                            const std::function<void(std::string_view)>& emit) {
  if (tokenizer.vocab_size() != model.config().vocab_size) {
    throw pg::Error(fmt::format("generate: the tokenizer has {} tokens, the model {}",
                                tokenizer.vocab_size(), model.config().vocab_size));
  }
  std::vector<std::int32_t> tokens = given_tokens(tokenizer, options.prompt);
  std::int64_t steps = std::min(options.steps, model.config().max_positions);
  if (std::ssize(tokens) > steps) {
    throw pg::Error(
        fmt::format("generate: the prompt has {} tokens, --steps and the model's "
                    "context allow {}",
                    tokens.size(), steps));
  }
  bool has_bos = tokenizer.bos() >= 0;
  for (std::size_t i = has_bos ? 1 : 0; i < tokens.size(); ++i) {
    emit(tokenizer.decode(i ? tokens[i - 1] : -1, tokens[i]));
  }

  Decoder decoder(model, steps);
  Sampler sampler(options.sampler);
  GenerateStatistics statistics;
  std::span<const std::int32_t> next = tokens;
  std::int32_t last = tokens.back();
  auto start = std::chrono::steady_clock::now();
  while (decoder.position() + std::ssize(next) <= steps) {
    pg::Tensor logits = decoder.feed(next);
    std::int64_t vocab = logits.size(1);
    std::span<const float> row(logits.data_ptr<float>() + (logits.size(0) - 1) * vocab,
                               static_cast<std::size_t>(vocab));
    std::int32_t token = sampler.sample(row);
    ++statistics.tokens;
    if (token == tokenizer.bos()) break;
    emit(tokenizer.decode(last, token));
    last = token;
    next = std::span(&last, 1);
  }
  statistics.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return statistics;
}

}  // namespace llama
