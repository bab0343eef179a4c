// Inference: the forward pass with a cache of keys and values, on plain operations. Weights are
// packed once as [in, out], the layout in which a matrix-vector product streams at full speed in
// the fixed order of summation, so one token at a time gives the same bits as the whole prompt at
// once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "examples/llama/model/model.h"
#include "runtime/ops/rope.h"

namespace llama {

class Decoder {
 public:
  /// `capacity` positions at most; at most the model's max_positions.
  Decoder(const Model& model, std::int64_t capacity);

  /// Feeds tokens at the next positions; returns logits [tokens, vocab]. Throws pg::Error when
  /// full.
  pg::Tensor feed(std::span<const std::int32_t> tokens);
  std::int64_t position() const { return position_; }
  std::int64_t capacity() const { return capacity_; }
  /// Forgets everything; the next token fed is at position 0.
  void reset() { position_ = 0; }

 private:
  struct PackedLayer {
    pg::Tensor attention_norm, query_key_value, output;
    pg::Tensor mlp_norm, gate_up, down;
    pg::Tensor key_cache, value_cache;  // [1, capacity, kv_heads, head_dim]
  };
  pg::Tensor attend(const PackedLayer& layer, const pg::Tensor& x);

  Config config_;
  std::int64_t capacity_;
  std::int64_t position_ = 0;
  pg::Precision precision_ = pg::Precision::Fp32;
  pg::Tensor start_;  // i64 [1]: position of the first token being fed
  pg::ops::RopeTables rotary_;
  pg::Tensor embedding_, final_norm_, head_;
  std::vector<PackedLayer> layers_;
};

}  // namespace llama
