// Layers: modules of one tensor in and one out, with PyTorch's names, defaults and initial
// distributions. Sequential (containers.h) chains them.
#pragma once

#include <cstdint>
#include <limits>

#include "runtime/autograd/functions.h"
#include "runtime/nn/module.h"
#include "runtime/tensor/random.h"

namespace pg::nn {

class Layer : public Module {
 public:
  virtual Tensor forward(const Tensor& x) const = 0;
  Tensor operator()(const Tensor& x) const { return forward(x); }
};

struct LinearOptions {
  bool bias = true;
  Precision precision = Precision::Fp32;
  Generator* generator = nullptr;  // of the initial values
};

/// x [.., inputs] -> x weight^T + bias [.., outputs]; "weight" [outputs, inputs], "bias" [outputs],
/// both uniform in +-1 / sqrt(inputs).
class Linear final : public Layer {
 public:
  Linear(std::int64_t inputs, std::int64_t outputs, LinearOptions options = {});
  Tensor forward(const Tensor& x) const override;
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }  // undefined without one

 private:
  Tensor weight_, bias_;
  Precision precision_;
};

/// ids (i32 or i64, any shape) -> rows of "weight" [count, width] [ids.., width], standard normal.
class Embedding final : public Layer {
 public:
  Embedding(std::int64_t count, std::int64_t width, Generator* generator = nullptr);
  Tensor forward(const Tensor& ids) const override { return embedding(weight_, ids); }
  const Tensor& weight() const { return weight_; }

 private:
  Tensor weight_;
};

/// x / sqrt(mean(x^2) + eps) * weight over the last dimension; "weight" [width] of ones.
class RMSNorm final : public Layer {
 public:
  explicit RMSNorm(std::int64_t width, double eps = std::numeric_limits<float>::epsilon());
  Tensor forward(const Tensor& x) const override { return rms_norm(x, weight_, eps_); }
  const Tensor& weight() const { return weight_; }

 private:
  Tensor weight_;
  double eps_;
};

struct LayerNormOptions {
  double eps = 1e-5;
  bool bias = true;
};

/// (x - mean) / sqrt(var + eps) * weight + bias over the last dimension; "weight" [width] of ones,
/// "bias" [width] of zeros.
class LayerNorm final : public Layer {
 public:
  explicit LayerNorm(std::int64_t width, LayerNormOptions options = {});
  Tensor forward(const Tensor& x) const override { return layer_norm(x, weight_, bias_, eps_); }
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }  // undefined without one

 private:
  Tensor weight_, bias_;
  double eps_;
};

/// In training each element times 1 / (1 - p), or 0 with probability p; else x itself.
class Dropout final : public Layer {
 public:
  /// `generator` is kept by address; by default the global one.
  explicit Dropout(double p = 0.5, Generator* generator = nullptr);
  Tensor forward(const Tensor& x) const override {
    return dropout(x, p_, is_training(), generator_);
  }

 private:
  double p_;
  Generator* generator_;
};

/// A function without parameters as a layer.
template <Tensor (*function)(const Tensor&)>
class Activation final : public Layer {
 public:
  Tensor forward(const Tensor& x) const override { return function(x); }
};

using Tanh = Activation<tanh>;
using Sigmoid = Activation<sigmoid>;
using ReLU = Activation<relu>;
using SiLU = Activation<silu>;
using GELU = Activation<gelu>;
using GELUTanh = Activation<gelu_tanh>;  // PyTorch's GELU(approximate="tanh")

/// Along one axis.
class Softmax final : public Layer {
 public:
  explicit Softmax(int axis) : axis_(axis) {}
  Tensor forward(const Tensor& x) const override { return softmax(x, axis_); }

 private:
  int axis_;
};

class LogSoftmax final : public Layer {
 public:
  explicit LogSoftmax(int axis) : axis_(axis) {}
  Tensor forward(const Tensor& x) const override { return log_softmax(x, axis_); }

 private:
  int axis_;
};

/// Merges dimensions `first` to `last`; by default all but the batch's.
class Flatten final : public Layer {
 public:
  explicit Flatten(int first = 1, int last = -1) : first_(first), last_(last) {}
  Tensor forward(const Tensor& x) const override { return flatten(x, first_, last_); }

 private:
  int first_, last_;
};

}  // namespace pg::nn
