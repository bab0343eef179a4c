// Windows of a token sequence as batches: inputs and the tokens that follow them.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "examples/llama/data/tokens.h"
#include "runtime/tensor/tensor.h"

namespace llama {

/// Inputs and next-token targets, both i32 [batch, seq] on the device that was asked for.
struct Batch {
  pg::Tensor inputs;
  pg::Tensor targets;
};

/// Windows of seq + 1 tokens that begin at `starts`.
Batch gather_windows(const Tokens& tokens, std::span<const std::int64_t> starts, std::int64_t seq,
                     pg::Device device = pg::default_device());

/// Throws pg::Error, which opens with `use`, when there is no window of seq + 1 tokens.
void check_length(const Tokens& tokens, std::int64_t seq, std::string_view use);

/// Calls `visit` with non-overlapping windows in order: all floor((n - 1) / seq) of them, in groups
/// of at most `batch`.
void for_each_batch(const Tokens& tokens, std::int64_t batch, std::int64_t seq, pg::Device device,
                    const std::function<void(const Batch&)>& visit);

}  // namespace llama
