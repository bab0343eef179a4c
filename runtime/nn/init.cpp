// See init.h.
#include "runtime/nn/init.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "runtime/device/error.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/fill.h"

namespace pg::nn::init {
namespace {

Generator& chosen(Generator* generator) { return generator ? *generator : default_generator(); }

std::vector<float> room_for(const Tensor& x) {
  return std::vector<float>(static_cast<std::size_t>(x.numel()));
}

void write(const Tensor& x, const std::vector<float>& values) {
  ops::copy_(x, from_data(values, x.shape(), cpu_device));
}

void uniform_within(const Tensor& x, double bound, Generator* generator) {
  uniform_(x, -bound, bound, generator);
}

double kaiming_deviation(const Tensor& weight, const KaimingOptions& options) {
  const Fans fans = fans_of(weight);
  return calculate_gain(options.nonlinearity, options.slope) /
         std::sqrt(options.fan == Fan::In ? fans.in : fans.out);
}

double xavier_deviation(const Tensor& weight, double gain) {
  const Fans fans = fans_of(weight);
  return gain * std::sqrt(2.0 / (fans.in + fans.out));
}

}  // namespace

void constant_(const Tensor& x, double value) { ops::fill_(x, value); }
void zeros_(const Tensor& x) { constant_(x, 0.0); }
void ones_(const Tensor& x) { constant_(x, 1.0); }

void uniform_(const Tensor& x, double low, double high, Generator* generator) {
  std::vector<float> values = room_for(x);
  chosen(generator).uniform(values);
  for (float& value : values) value = static_cast<float>(low + (high - low) * double{value});
  write(x, values);
}

void normal_(const Tensor& x, double mean, double deviation, Generator* generator) {
  std::vector<float> values = room_for(x);
  chosen(generator).normal(values);
  for (float& value : values) value = static_cast<float>(mean + deviation * double{value});
  write(x, values);
}

void trunc_normal_(const Tensor& x, double mean, double deviation, double low, double high,
                   Generator* generator) {
  const auto below = [&](double bound) {
    return 0.5 * std::erfc((mean - bound) / (deviation * std::numbers::sqrt2));
  };
  if (!(below(high) - below(low) >= 1e-3)) {
    fail("trunc_normal_", "[{}, {}] holds too little of the normal distribution around {}", low,
         high, mean);
  }
  std::vector<float> values = room_for(x);
  std::vector<std::size_t> places(values.size());  // still to be drawn
  for (std::size_t i = 0; i < places.size(); ++i) places[i] = i;
  while (!places.empty()) {
    std::vector<float> drawn(places.size());
    chosen(generator).normal(drawn);
    std::vector<std::size_t> outside;
    for (std::size_t i = 0; i < drawn.size(); ++i) {
      const auto value = static_cast<float>(mean + deviation * double{drawn[i]});
      values[places[i]] = value;
      if (value < low || value > high) outside.push_back(places[i]);
    }
    places = std::move(outside);
  }
  write(x, values);
}

double calculate_gain(Nonlinearity nonlinearity, double slope) {
  switch (nonlinearity) {
    case Nonlinearity::Linear:
    case Nonlinearity::Sigmoid:
      return 1.0;
    case Nonlinearity::Tanh:
      return 5.0 / 3.0;
    case Nonlinearity::Relu:
      return std::numbers::sqrt2;
    case Nonlinearity::LeakyRelu:
      return std::sqrt(2.0 / (1.0 + slope * slope));
    case Nonlinearity::Selu:
      return 0.75;
  }
  return 1.0;
}

Fans fans_of(const Tensor& weight) {
  if (weight.dim() < 2) {
    fail("init", "the fans of a weight need two dimensions, its shape is {}",
         to_string(weight.shape()));
  }
  double rest = 1.0;
  for (int axis = 2; axis < weight.dim(); ++axis) rest *= static_cast<double>(weight.size(axis));
  return {.in = static_cast<double>(weight.size(1)) * rest,
          .out = static_cast<double>(weight.size(0)) * rest};
}

void xavier_uniform_(const Tensor& weight, double gain, Generator* generator) {
  uniform_within(weight, std::numbers::sqrt3 * xavier_deviation(weight, gain), generator);
}

void xavier_normal_(const Tensor& weight, double gain, Generator* generator) {
  normal_(weight, 0.0, xavier_deviation(weight, gain), generator);
}

void kaiming_uniform_(const Tensor& weight, const KaimingOptions& options) {
  uniform_within(weight, std::numbers::sqrt3 * kaiming_deviation(weight, options),
                 options.generator);
}

void kaiming_normal_(const Tensor& weight, const KaimingOptions& options) {
  normal_(weight, 0.0, kaiming_deviation(weight, options), options.generator);
}

}  // namespace pg::nn::init
