// See check_gradient.h.
#include "runtime/autograd/check_gradient.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/autograd/backward.h"
#include "runtime/autograd/functions.h"
#include "runtime/tensor/random.h"

namespace pg {
namespace {

using Function = std::function<Tensor(const Tensors&)>;

/// sum(weights * function(inputs)) with the function's values taken to the host.
double objective(const Function& function, const std::vector<std::vector<float>>& values,
                 const Tensors& inputs, const std::vector<float>& weights) {
  Tensors fresh;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    fresh.push_back(from_data(values[i], inputs[i].shape(), inputs[i].device()).requires_grad_());
  }
  const std::vector<float> result = function(fresh).to_vector<float>();
  double total = 0.0;
  for (std::size_t i = 0; i < result.size(); ++i) total += double{result[i]} * weights[i];
  return total;
}

Tensor normal_like(const Tensor& x, std::uint64_t seed) {
  Generator generator(seed);
  return randn(x.shape(), &generator, x.device());
}

/// The function whose result is the gradients of `function`, flattened and joined.
Function gradient_function(const Function& function, std::uint64_t seed) {
  return [function, seed](const Tensors& inputs) {
    const Tensor y = function(inputs);
    const Tensors gradients =
        grad(y, inputs, normal_like(y, seed + 1), {.retain_graph = true, .create_graph = true});
    Tensors flat;
    for (const Tensor& gradient : gradients) {
      if (gradient.defined()) flat.push_back(reshape(gradient, {-1}));
    }
    return cat(flat, 0);
  };
}

}  // namespace

std::string check_gradient(const Function& function, const Tensors& inputs,
                           const CheckGradientOptions& options) {
  if (options.second_order) {
    CheckGradientOptions first = options;
    first.second_order = false;
    return check_gradient(gradient_function(function, options.seed), inputs, first);
  }
  Tensors leaves;
  std::vector<std::vector<float>> values;
  for (const Tensor& input : inputs) {
    values.push_back(input.to_vector<float>());
    leaves.push_back(from_data(values.back(), input.shape(), input.device()).requires_grad_());
  }
  const Tensor y = function(leaves);
  const Tensor weights = normal_like(y, options.seed);
  const std::vector<float> host_weights = weights.to_vector<float>();
  backward(y, weights);

  for (std::size_t i = 0; i < inputs.size(); ++i) {
    // An undefined gradient claims zero, which the differences then have to confirm.
    const Tensor arrived = leaves[i].grad();
    const Tensor gradient = arrived.defined() ? arrived : zeros_like(inputs[i]);
    if (gradient.shape() != inputs[i].shape()) {
      return fmt::format("input {}: gradient of shape {}", i, to_string(gradient.shape()));
    }
    const std::vector<float> recorded = gradient.to_vector<float>();
    double largest = 1e-2;
    for (float entry : recorded) largest = std::max(largest, std::abs(double{entry}));
    for (std::size_t j = 0; j < recorded.size(); ++j) {
      const float center = values[i][j];
      values[i][j] = center + static_cast<float>(options.step);
      const double above = objective(function, values, inputs, host_weights);
      const double width = values[i][j];
      values[i][j] = center - static_cast<float>(options.step);
      const double below = objective(function, values, inputs, host_weights);
      const double difference = (above - below) / (width - values[i][j]);
      values[i][j] = center;
      if (!(std::abs(difference - recorded[j]) <= options.tolerance * largest)) {
        return fmt::format("input {}, element {} (value {}): recorded {}, difference quotient {}",
                           i, j, center, recorded[j], difference);
      }
    }
  }
  return "";
}

}  // namespace pg
