// What a model costs, from its shape alone: parameters by part, arithmetic a token, memory of a
// training step. Nothing is loaded or allocated.
#pragma once

#include <cstdint>

#include "examples/llama/model/config.h"
#include "runtime/device/device.h"

namespace llama {

struct ParameterCounts {
  std::int64_t embedding = 0;
  std::int64_t attention = 0;
  std::int64_t feed_forward = 0;
  std::int64_t norms = 0;
  std::int64_t head = 0;  // 0 when tied

  std::int64_t total() const { return embedding + attention + feed_forward + norms + head; }
};
ParameterCounts count_parameters(const Config& config);

/// Multiplications and additions of a token's matrix products, at sequences of `seq` tokens: the
/// mean over positions, each of which sees those before it.
struct TokenFlops {
  double projections = 0;  // attention's four, the feed-forward block, the head
  double attention = 0;    // scores and mixing

  double forward() const { return projections + attention; }
  double training() const { return 3 * forward(); }  // the backward pass multiplies twice
};
TokenFlops flops_per_token(const Config& config, std::int64_t seq);

/// Keys and values of one token, f32.
std::int64_t cache_bytes_per_token(const Config& config);

/// Peak of a training step on a device, in bytes of its pool.
struct TrainingMemory {
  std::int64_t weights = 0;
  std::int64_t gradients = 0;
  std::int64_t moments = 0;          // AdamW's two
  std::int64_t activations = 0;      // what the forward pass keeps for the backward pass
  std::int64_t logits = 0;           // and their gradient
  std::int64_t checkpoint_copy = 0;  // on the host, of the largest tensor, when it is on a GPU
  /// Not the sum: the logits are gone when the last gradients come.
  std::int64_t device_peak = 0;
};
/// A micro-batch has `sequences` of `seq` tokens; with more than one a step, gradients stay.
TrainingMemory training_memory(const Config& config, std::int64_t sequences, std::int64_t seq,
                               bool accumulates, pg::Device device);

}  // namespace llama
