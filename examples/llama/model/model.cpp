// See model.h.
#include "examples/llama/model/model.h"

#include <fmt/format.h>

#include <cmath>

#include "examples/llama/model/rotary.h"
#include "runtime/autograd/anomaly.h"
#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

// Hands out a parameter list in the order of parameter_table.
class Cursor {
 public:
  explicit Cursor(const std::vector<NamedTensor>& parameters) : parameters_(parameters) {}
  pg::Tensor next() { return parameters_.at(at_++).tensor; }

 private:
  const std::vector<NamedTensor>& parameters_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<ParameterInfo> parameter_table(const Config& c) {
  std::int64_t query = c.heads * c.head_dim, key = c.kv_heads * c.head_dim;
  std::vector<ParameterInfo> table;
  table.push_back({"model.embed_tokens.weight", {c.vocab_size, c.hidden_size}});
  for (std::int64_t i = 0; i < c.layers; ++i) {
    auto add = [&](std::string_view name, pg::Shape shape) {
      table.push_back({fmt::format("model.layers.{}.{}.weight", i, name), shape});
    };
    add("input_layernorm", {c.hidden_size});
    add("self_attn.q_proj", {query, c.hidden_size});
    add("self_attn.k_proj", {key, c.hidden_size});
    add("self_attn.v_proj", {key, c.hidden_size});
    add("self_attn.o_proj", {c.hidden_size, query});
    add("post_attention_layernorm", {c.hidden_size});
    add("mlp.gate_proj", {c.intermediate_size, c.hidden_size});
    add("mlp.up_proj", {c.intermediate_size, c.hidden_size});
    add("mlp.down_proj", {c.hidden_size, c.intermediate_size});
  }
  table.push_back({"model.norm.weight", {c.hidden_size}});
  if (!c.tied) table.push_back({"lm_head.weight", {c.vocab_size, c.hidden_size}});
  return table;
}

Model::Model(const Config& config, std::vector<NamedTensor> parameters)
    : config_(config), parameters_(std::move(parameters)) {
  Cursor cursor(parameters_);
  embedding_ = cursor.next();
  for (std::int64_t i = 0; i < config_.layers; ++i) {
    Layer layer;
    layer.attention_norm = cursor.next();
    layer.query = cursor.next();
    layer.key = cursor.next();
    layer.value = cursor.next();
    layer.output = cursor.next();
    layer.mlp_norm = cursor.next();
    layer.gate = cursor.next();
    layer.up = cursor.next();
    layer.down = cursor.next();
    layers_.push_back(layer);
  }
  final_norm_ = cursor.next();
  head_ = config_.tied ? embedding_ : cursor.next();
  rotary_ = rotary_tables(config_, config_.max_positions, device());
}

pg::Tensor Model::linear(const pg::Tensor& x, const pg::Tensor& weight) const {
  return pg::linear(x, weight, {}, precision_);
}

pg::Tensor Model::attention(const Layer& layer, const pg::Tensor& x) const {
  std::int64_t batch = x.size(0), seq = x.size(1);
  auto project = [&](const pg::Tensor& weight, std::int64_t heads) {
    return linear(x, weight).reshape({batch, seq, heads, config_.head_dim});
  };
  auto rotate = [&](const pg::Tensor& heads) {
    return pg::rope(heads, rotary_, {}, pg::ops::RopeStyle::Halves);
  };
  pg::Tensor query = rotate(project(layer.query, config_.heads));
  pg::Tensor key = rotate(project(layer.key, config_.kv_heads));
  pg::Tensor value = project(layer.value, config_.kv_heads);
  double scale = 1.0 / std::sqrt(static_cast<double>(config_.head_dim));
  // [batch, seq, heads, head_dim]
  pg::Tensor mixed = pg::attention(query, key, value, scale, true, {}, precision_);
  return linear(mixed.reshape({batch, seq, config_.heads * config_.head_dim}), layer.output);
}

pg::Tensor Model::logits(const pg::Tensor& tokens) const {
  if (tokens.size(1) > config_.max_positions) {
    throw pg::Error(fmt::format("llama: {} positions, the model has {}", tokens.size(1),
                                config_.max_positions));
  }
  double eps = config_.norm_eps;
  pg::Tensor x = pg::embedding(embedding_, tokens);
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    const pg::Scope scope(fmt::format("layer {}", i));
    const Layer& layer = layers_[i];
    x = x + attention(layer, pg::rms_norm(x, layer.attention_norm, eps));
    pg::Tensor h = pg::rms_norm(x, layer.mlp_norm, eps);
    pg::Tensor inner = pg::swiglu(linear(h, layer.gate), linear(h, layer.up));
    x = x + linear(inner, layer.down);
  }
  return linear(pg::rms_norm(x, final_norm_, eps), head_);
}

pg::Tensor Model::token_losses(const pg::Tensor& tokens, const pg::Tensor& targets) const {
  std::int64_t count = tokens.numel();
  return pg::cross_entropy_rows(logits(tokens).reshape({count, config_.vocab_size}),
                                targets.reshape({count}));
}

pg::Tensor Model::loss(const pg::Tensor& tokens, const pg::Tensor& targets) const {
  std::int64_t count = tokens.numel();
  return pg::cross_entropy(logits(tokens).reshape({count, config_.vocab_size}),
                           targets.reshape({count}));
}

Model make_model(const Config& config, pg::Generator& generator, pg::Device device) {
  double residual_scale = 1.0 / std::sqrt(2.0 * static_cast<double>(config.layers));
  std::vector<NamedTensor> parameters;
  for (const ParameterInfo& info : parameter_table(config)) {
    std::int64_t count = 1;
    for (std::int64_t size : info.shape) count *= size;
    std::vector<float> values(static_cast<std::size_t>(count), 1.0f);
    if (info.shape.size() >= 2) {
      bool residual =
          info.name.ends_with("o_proj.weight") || info.name.ends_with("down_proj.weight");
      float deviation = static_cast<float>(0.02 * (residual ? residual_scale : 1.0));
      generator.normal(values);
      for (float& value : values) value *= deviation;
    }
    parameters.push_back({info.name, pg::from_data(values, info.shape, device)});
  }
  return Model(config, std::move(parameters));
}

}  // namespace llama
