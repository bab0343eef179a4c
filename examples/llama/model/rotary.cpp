// See rotary.h.
#include "examples/llama/model/rotary.h"

#include <cmath>
#include <numbers>

namespace llama {

namespace {

// Llama 3.1's rule: wavelengths that fit the original context many times stay, those that do not
// fit are stretched by the factor, between the two it is interpolated.
double scale_llama3(double frequency, const RopeScaling& scaling) {
  const double turns =  // over the original context
      static_cast<double>(scaling.original_positions) * frequency / (2 * std::numbers::pi);
  const double low = scaling.low_frequency_factor, high = scaling.high_frequency_factor;
  if (turns < low) return frequency / scaling.factor;
  if (turns > high) return frequency;
  const double kept = (turns - low) / (high - low);
  return (1 - kept) * frequency / scaling.factor + kept * frequency;
}

double scale(double frequency, const RopeScaling& scaling) {
  switch (scaling.kind) {
    case RopeScaling::Kind::None:
      return frequency;
    case RopeScaling::Kind::Linear:
      return frequency / scaling.factor;
    case RopeScaling::Kind::Llama3:
      return scale_llama3(frequency, scaling);
  }
  return frequency;
}

}  // namespace

std::vector<double> rotary_frequencies(const Config& config) {
  std::vector<double> frequencies;
  for (std::int64_t i = 0; i < config.head_dim; i += 2) {
    const double exponent = -static_cast<double>(i) / static_cast<double>(config.head_dim);
    frequencies.push_back(scale(std::pow(config.rope_theta, exponent), config.rope_scaling));
  }
  return frequencies;
}

pg::ops::RopeTables rotary_tables(const Config& config, std::int64_t positions, pg::Device device) {
  return pg::ops::rope_tables(positions, rotary_frequencies(config), device);
}

}  // namespace llama
