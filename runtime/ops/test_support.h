// What the tests of ops share: random tensors and comparison with plain references in double.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "runtime/tensor/random.h"
#include "runtime/tensor/tensor.h"

namespace pg::test {

using Values = std::vector<double>;

inline Tensor random(const Shape& shape, std::uint64_t seed) {
  Generator generator(seed);
  return randn(shape, &generator);
}

inline std::vector<double> values(const Tensor& x) {
  const std::vector<float> floats = x.to_vector<float>();
  return {floats.begin(), floats.end()};
}

/// Largest difference, relative to the largest reference value (1e-3 when all are smaller).
inline double error(const Tensor& x, const std::vector<double>& reference) {
  const std::vector<double> found = values(x);
  if (found.size() != reference.size()) return INFINITY;
  double scale = 1e-3;
  double worst = 0;
  for (double r : reference) scale = std::max(scale, std::fabs(r));
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double difference = std::fabs(found[i] - reference[i]);
    if (!(difference <= worst)) worst = difference;
  }
  return worst / scale;
}

/// d(sum(f(x) * g)) / dx by central differences.
inline Values numeric_gradient(const std::function<Values(const Values&)>& f, Values x,
                               const Values& g) {
  const double h = 1e-5;
  Values result(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double kept = x[i];
    x[i] = kept + h;
    const Values up = f(x);
    x[i] = kept - h;
    const Values down = f(x);
    x[i] = kept;
    for (std::size_t j = 0; j < g.size(); ++j) result[i] += (up[j] - down[j]) / (2 * h) * g[j];
  }
  return result;
}

/// Same bits, NaNs equal.
inline bool same_bits(const Tensor& a, const Tensor& b) {
  const std::vector<float> x = a.to_vector<float>();
  const std::vector<float> y = b.to_vector<float>();
  if (x.size() != y.size()) return false;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i]) != std::isnan(y[i])) return false;
    if (!std::isnan(x[i]) && (x[i] != y[i] || std::signbit(x[i]) != std::signbit(y[i])))
      return false;
  }
  return true;
}

/// Distance of `found` from `exact` in units in the last place of f32. Overflow past the largest
/// float counts as infinity does; NaN must meet NaN.
inline double ulps(float found, double exact) {
  if (std::isnan(exact) || std::isnan(found))
    return std::isnan(exact) == std::isnan(found) ? 0 : 1e9;
  const double largest = 3.4028234663852886e38;
  const double magnitude = std::fabs(exact);
  int exponent = 0;
  std::frexp(std::min(std::max(magnitude, 1.1754943508222875e-38), largest), &exponent);
  const double unit = std::ldexp(1.0, exponent - 24);
  const double limit = largest + unit;
  const double a = std::isinf(found) ? std::copysign(limit, found) : found;
  const double b = magnitude > limit ? std::copysign(limit, exact) : exact;
  return std::fabs(a - b) / unit;
}

}  // namespace pg::test
