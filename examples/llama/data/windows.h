// Training text as token ids: read, tokenised once, split into a training part and a validation
// part (the last tenth), served as random windows for training and as consecutive windows for
// evaluation.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "examples/llama/tokenizer/tokenizer.h"
#include "runtime/tensor/random.h"
#include "runtime/tensor/tensor.h"

namespace llama {

/// The files' bytes, one after the other. Throws pg::Error naming a file that is missing or empty.
std::string read_texts(const std::vector<std::filesystem::path>& paths);

struct Split {
  std::vector<std::int32_t> training;
  std::vector<std::int32_t> validation;
};

/// The last `fraction` of the characters' tokens become the validation part (0.1: nanoGPT's split).
Split split_tokens(const Tokenizer& tokenizer, std::string_view text, double fraction = 0.1);

/// Inputs and next-token targets, both i32 [batch, seq] on the device that was asked for.
struct Batch {
  pg::Tensor inputs;
  pg::Tensor targets;
};

/// `batch` windows of seq + 1 tokens that start anywhere. Throws pg::Error when there are too few
/// tokens.
Batch random_batch(std::span<const std::int32_t> tokens, std::int64_t batch, std::int64_t seq,
                   pg::Generator& generator, pg::Device device = pg::default_device());

/// Non-overlapping windows in order: all floor((n - 1) / seq) of them, in groups of at most
/// `batch`.
std::vector<Batch> consecutive_batches(std::span<const std::int32_t> tokens, std::int64_t batch,
                                       std::int64_t seq, pg::Device device = pg::default_device());

}  // namespace llama
