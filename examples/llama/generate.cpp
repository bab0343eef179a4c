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
  std::int64_t capacity = std::min(options.steps, model.config().max_positions);
  if (std::ssize(tokens) > capacity) {
    throw pg::Error(
        fmt::format("generate: the prompt has {} tokens, --steps and the model's "
                    "context allow {}",
                    tokens.size(), capacity));
  }
  bool has_bos = tokenizer.bos() >= 0;
  for (std::size_t i = has_bos ? 1 : 0; i < tokens.size(); ++i) {
    emit(tokenizer.decode(i ? tokens[i - 1] : -1, tokens[i]));
  }

  Decoder decoder(model, capacity);
  Sampler sampler(options.sampler);
  GenerateStatistics statistics;
  auto fresh = static_cast<std::size_t>(std::ssize(tokens));  // tokens not fed yet, at the end
  auto start = std::chrono::steady_clock::now();
  while (std::ssize(tokens) <= options.steps) {
    if (decoder.position() + static_cast<std::int64_t>(fresh) > capacity) {
      decoder.reset();
      fresh = static_cast<std::size_t>(std::max<std::int64_t>(capacity / 2, 1));
    }
    pg::Tensor logits = decoder.feed(std::span(tokens).last(fresh));
    std::vector<float> row = pg::view::select(logits, 0, -1).to_vector<float>();
    std::int32_t token = sampler.sample(row);
    ++statistics.tokens;
    if (token == tokenizer.bos() || token == tokenizer.eos()) break;
    emit(tokenizer.decode(tokens.back(), token));
    tokens.push_back(token);
    fresh = 1;
  }
  statistics.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return statistics;
}

}  // namespace llama
