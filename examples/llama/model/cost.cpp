// See cost.h.
#include "examples/llama/model/cost.h"

#include <algorithm>

#include "examples/llama/model/model.h"
#include "runtime/device/pool.h"

namespace llama {

namespace {

std::int64_t elements(const pg::Shape& shape) {
  std::int64_t count = 1;
  for (const std::int64_t size : shape) count *= size;
  return count;
}

/// Bytes in the device's pool of tensors of f32.
struct Pool {
  pg::Device device;

  std::int64_t of(std::int64_t count) const {
    return static_cast<std::int64_t>(
        pg::pool_bytes(static_cast<std::size_t>(count) * sizeof(float), device));
  }
};

/// What one layer's forward pass leaves on the tape, by tensor (functions.h says what each op
/// saves).
std::int64_t saved_by_layer(const Config& c, std::int64_t tokens, const Pool& pool) {
  const std::int64_t query = c.heads * c.head_dim, key = c.kv_heads * c.head_dim;
  const std::int64_t residuals = 2 * pool.of(tokens * c.hidden_size);  // before each block
  const std::int64_t norms = 2 * (pool.of(tokens * c.hidden_size) + pool.of(tokens));
  const std::int64_t attention = 2 * pool.of(tokens * query) +  // turned queries, result
                                 2 * pool.of(tokens * key) +    // turned keys, values
                                 pool.of(tokens * c.heads);     // log of the sums
  const std::int64_t feed_forward = 3 * pool.of(tokens * c.intermediate_size);  // gate, up, product
  return residuals + norms + attention + feed_forward;
}

/// What the layer's backward pass needs besides, at its widest: the gradients of gate, up and their
/// product beside that of the residual stream.
std::int64_t backward_of_layer(const Config& c, std::int64_t tokens, const Pool& pool) {
  return 2 * pool.of(tokens * c.hidden_size) + 3 * pool.of(tokens * c.intermediate_size);
}

}  // namespace

ParameterCounts count_parameters(const Config& c) {
  ParameterCounts counts;
  counts.embedding = c.vocab_size * c.hidden_size;
  counts.attention = c.layers * c.hidden_size * c.head_dim * 2 * (c.heads + c.kv_heads);
  counts.feed_forward = c.layers * 3 * c.hidden_size * c.intermediate_size;
  counts.norms = (2 * c.layers + 1) * c.hidden_size;
  counts.head = c.tied ? 0 : counts.embedding;
  return counts;
}

TokenFlops flops_per_token(const Config& c, std::int64_t seq) {
  const ParameterCounts counts = count_parameters(c);
  const double multiplied =  // the head multiplies whether or not it has weights of its own
      static_cast<double>(counts.attention + counts.feed_forward + c.vocab_size * c.hidden_size);
  const double seen = (static_cast<double>(seq) + 1) / 2;
  const double width = static_cast<double>(c.heads * c.head_dim);
  return {2 * multiplied, 2 * 2 * static_cast<double>(c.layers) * width * seen};
}

std::int64_t cache_bytes_per_token(const Config& c) {
  return 2 * c.layers * c.kv_heads * c.head_dim * static_cast<std::int64_t>(sizeof(float));
}

TrainingMemory training_memory(const Config& c, std::int64_t sequences, std::int64_t seq,
                               bool accumulates, pg::Device device) {
  const Pool pool{device};
  const std::int64_t tokens = sequences * seq;
  TrainingMemory need;
  std::int64_t largest = 0;
  for (const ParameterInfo& info : parameter_table(c)) {
    const std::int64_t bytes = pool.of(elements(info.shape));
    need.weights += bytes;
    largest = std::max(largest, bytes);
  }
  need.gradients = need.weights;
  need.moments = 2 * need.weights;
  const std::int64_t last_norm = 2 * pool.of(tokens * c.hidden_size) + pool.of(tokens);
  need.activations = c.layers * saved_by_layer(c, tokens, pool) + last_norm;
  need.logits = 2 * pool.of(tokens * c.vocab_size);
  need.checkpoint_copy = device.is_cuda() ? largest : 0;

  // The peak is at one of these places of the backward pass. A gradient that is added to another
  // is there three times for a moment: both and their sum.
  const std::int64_t rotary = 2 * pool.of(c.max_positions * c.head_dim / 2);
  const std::int64_t constant = need.weights + need.moments + rotary;
  const std::int64_t earlier = accumulates ? need.gradients : 0;
  const std::int64_t head = pool.of(c.vocab_size * c.hidden_size);
  const std::int64_t backward = backward_of_layer(c, tokens, pool);
  const std::int64_t at_logits = earlier + need.activations + need.logits;
  const std::int64_t at_head =
      earlier + need.activations + need.logits / 2 + (accumulates ? 2 : 1) * head;
  // The first layer to go: its gate and up proceed when their product is gone already.
  const std::int64_t at_last_layer = earlier + need.activations - last_norm + backward -
                                     pool.of(tokens * c.intermediate_size) +
                                     (accumulates ? 0 : head);
  const std::int64_t at_first_layer = need.gradients + saved_by_layer(c, tokens, pool) + backward;
  const std::int64_t at_embedding =
      need.gradients + pool.of(tokens * c.hidden_size) + (accumulates || c.tied ? 2 * head : 0);
  need.device_peak =
      constant + std::max({at_logits, at_head, at_last_layer, at_first_layer, at_embedding});
  return need;
}

}  // namespace llama
