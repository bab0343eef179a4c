// The llama itself: parameters by their Hugging Face names, and the training forward pass in
// recorded operations. Rotary positions use rotated halves throughout; weights that come with
// interleaved pairs are permuted when they are loaded (weights.h).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "examples/llama/model/config.h"
#include "runtime/nn/module.h"
#include "runtime/ops/precision.h"
#include "runtime/ops/rope.h"
#include "runtime/tensor/random.h"
#include "runtime/tensor/tensor.h"

namespace llama {

using pg::nn::NamedTensor;  // "model.layers.0.self_attn.q_proj.weight" and its tensor

struct ParameterInfo {
  std::string name;
  pg::Shape shape;
};

/// Every parameter of such a model, in the order of a Hugging Face checkpoint. Matrices are [out,
/// in].
std::vector<ParameterInfo> parameter_table(const Config& config);

struct Layer {
  pg::Tensor attention_norm;
  pg::Tensor query, key, value, output;
  pg::Tensor mlp_norm;
  pg::Tensor gate, up, down;
};

class Model {
 public:
  /// Takes one tensor per entry of parameter_table(config), in that order.
  /// They are on one device, which is where the model runs.
  Model(const Config& config, std::vector<NamedTensor> parameters);

  const Config& config() const { return config_; }
  const std::vector<NamedTensor>& parameters() const { return parameters_; }
  const std::vector<Layer>& layers() const { return layers_; }
  const pg::Tensor& embedding() const { return embedding_; }
  const pg::Tensor& final_norm() const { return final_norm_; }
  /// [vocab, hidden]; the embedding itself when tied.
  const pg::Tensor& head() const { return head_; }

  pg::Device device() const { return embedding_.device(); }
  /// Of the matrix products, forward and backward; fp32 at first.
  pg::Precision precision() const { return precision_; }
  void set_precision(pg::Precision precision) { precision_ = precision; }

  /// tokens: i32 [batch, seq]. Returns logits f32 [batch, seq, vocab].
  pg::Tensor logits(const pg::Tensor& tokens) const;
  /// Cross-entropy in nats, one for each of the batch * seq tokens.
  pg::Tensor token_losses(const pg::Tensor& tokens, const pg::Tensor& targets) const;
  /// Their mean, rank 0.
  pg::Tensor loss(const pg::Tensor& tokens, const pg::Tensor& targets) const;

 private:
  pg::Tensor attention(const Layer& layer, const pg::Tensor& x) const;
  pg::Tensor linear(const pg::Tensor& x, const pg::Tensor& weight) const;

  Config config_;
  std::vector<NamedTensor> parameters_;
  pg::Tensor embedding_, final_norm_, head_;
  std::vector<Layer> layers_;
  pg::ops::RopeTables rotary_;
  pg::Precision precision_ = pg::Precision::Fp32;
};

/// Normal(0, 0.02), output projections scaled by 1 / sqrt(2 layers) (GPT-2's rule), norms one.
Model make_model(const Config& config, pg::Generator& generator,
                 pg::Device device = pg::default_device());

}  // namespace llama
