// See layers.h.
#include "runtime/nn/layers.h"

#include <cmath>

#include "runtime/device/error.h"
#include "runtime/nn/init.h"

namespace pg::nn {
namespace {

/// Sizes of a layer are at least 1.
void check_sizes(const char* layer, std::initializer_list<std::int64_t> sizes) {
  for (const std::int64_t size : sizes) {
    if (size < 1) fail(layer, "a size of {} is not positive", size);
  }
}

}  // namespace

Linear::Linear(std::int64_t inputs, std::int64_t outputs, LinearOptions options)
    : precision_(options.precision) {
  check_sizes("Linear", {inputs, outputs});
  const double bound = 1.0 / std::sqrt(static_cast<double>(inputs));
  weight_ = register_parameter("weight", empty({outputs, inputs}));
  init::uniform_(weight_, -bound, bound, options.generator);
  if (options.bias) {
    bias_ = register_parameter("bias", empty({outputs}));
    init::uniform_(bias_, -bound, bound, options.generator);
  }
}

Tensor Linear::forward(const Tensor& x) const { return linear(x, weight_, bias_, precision_); }

Embedding::Embedding(std::int64_t count, std::int64_t width, Generator* generator) {
  check_sizes("Embedding", {count, width});
  weight_ = register_parameter("weight", empty({count, width}));
  init::normal_(weight_, 0.0, 1.0, generator);
}

RMSNorm::RMSNorm(std::int64_t width, double eps) : eps_(eps) {
  check_sizes("RMSNorm", {width});
  weight_ = register_parameter("weight", ones({width}));
}

LayerNorm::LayerNorm(std::int64_t width, LayerNormOptions options) : eps_(options.eps) {
  check_sizes("LayerNorm", {width});
  weight_ = register_parameter("weight", ones({width}));
  if (options.bias) bias_ = register_parameter("bias", zeros({width}));
}

Dropout::Dropout(double p, Generator* generator) : p_(p), generator_(generator) {
  if (!(p >= 0.0 && p <= 1.0)) fail("Dropout", "the probability {} is not between 0 and 1", p);
}

}  // namespace pg::nn
