// See decoder.h.
#include "examples/llama/decoder.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "examples/llama/model/rotary.h"
#include "runtime/device/error.h"
#include "runtime/ops/activation.h"
#include "runtime/ops/attention.h"
#include "runtime/ops/cache.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/elementwise.h"
#include "runtime/ops/embedding.h"
#include "runtime/ops/matmul.h"
#include "runtime/ops/norm.h"

namespace llama {

namespace {

namespace ops = pg::ops;

// Weights [out, in] side by side as one packed [in, out].
pg::Tensor pack(std::initializer_list<pg::Tensor> weights) {
  pg::Tensor joined = ops::cat(std::span(weights.begin(), weights.size()), 0);
  return ops::clone(pg::view::transpose(joined, 0, 1));
}

}  // namespace

Decoder::Decoder(const Model& model, std::int64_t capacity)
    : config_(model.config()), capacity_(capacity) {
  if (capacity < 1 || capacity > config_.max_positions) {
    throw pg::Error(
        fmt::format("generate: {} positions, the model has {}", capacity, config_.max_positions));
  }
  pg::Shape cache{1, capacity, config_.kv_heads, config_.head_dim};
  // Keys lie with positions innermost, the order in which attention reads them.
  pg::Shape turned{1, config_.kv_heads, config_.head_dim, capacity};
  for (const Layer& layer : model.layers()) {
    layers_.push_back(
        {layer.attention_norm, pack({layer.query, layer.key, layer.value}), pack({layer.output}),
         layer.mlp_norm, pack({layer.gate, layer.up}), pack({layer.down}),
         pg::view::permute(pg::zeros(turned, pg::DType::F32, model.device()), {0, 3, 1, 2}),
         pg::zeros(cache, pg::DType::F32, model.device())});
  }
  embedding_ = model.embedding();
  final_norm_ = model.final_norm();
  head_ = pack({model.head()});
  rotary_ = rotary_tables(config_, capacity, model.device());
  start_ = pg::zeros({1}, pg::DType::I64, model.device());
  precision_ = model.precision();
}

pg::Tensor Decoder::attend(const PackedLayer& layer, const pg::Tensor& x) {
  std::int64_t count = x.size(0), heads = config_.heads, kv_heads = config_.kv_heads;
  pg::Tensor joint = pg::view::reshape(ops::matmul(x, layer.query_key_value, precision_),
                                       {1, count, heads + 2 * kv_heads, config_.head_dim});
  pg::Tensor rotated = ops::rope(pg::view::narrow(joint, 2, 0, heads + kv_heads), rotary_, start_,
                                 ops::RopeStyle::Halves);
  ops::cache_update_(layer.key_cache, pg::view::narrow(rotated, 2, heads, kv_heads), start_);
  ops::cache_update_(layer.value_cache, pg::view::narrow(joint, 2, heads + kv_heads, kv_heads),
                     start_);
  auto scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(config_.head_dim)));
  pg::Tensor mixed = ops::attention(pg::view::narrow(rotated, 2, 0, heads), layer.key_cache,
                                    layer.value_cache, start_, scale, true, precision_)
                         .o;
  mixed = pg::view::reshape(mixed, {count, heads * config_.head_dim});
  return ops::matmul(mixed, layer.output, precision_);
}

pg::Tensor Decoder::feed(std::span<const std::int32_t> tokens) {
  std::int64_t count = std::ssize(tokens);
  if (count > capacity_ - position_) {
    throw pg::Error(fmt::format("generate: {} tokens after {} exceed the cache of {} positions",
                                count, position_, capacity_));
  }
  pg::write_from_host(start_, &position_, sizeof position_);
  auto eps = static_cast<float>(config_.norm_eps);
  std::int64_t inner = config_.intermediate_size;
  pg::Tensor x = ops::embedding(embedding_, pg::from_data(tokens, {count}, embedding_.device()));
  for (const PackedLayer& layer : layers_) {
    x = ops::add(x, attend(layer, ops::rms_norm(x, layer.attention_norm, eps).y));
    pg::Tensor both =
        ops::matmul(ops::rms_norm(x, layer.mlp_norm, eps).y, layer.gate_up, precision_);
    pg::Tensor hidden =
        ops::swiglu(pg::view::narrow(both, 1, 0, inner), pg::view::narrow(both, 1, inner, inner));
    x = ops::add(x, ops::matmul(hidden, layer.down, precision_));
  }
  position_ += count;
  return ops::matmul(ops::rms_norm(x, final_norm_, eps).y, head_, precision_);
}

}  // namespace llama
