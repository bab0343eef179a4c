// See check_gradients.h.
#include "runtime/autograd/check_gradients.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "runtime/autograd/backward.h"
#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "runtime/tensor/random.h"

namespace pg {
namespace {

using Values = std::vector<double>;

/// default_device() while it lives.
class DefaultDevice {
 public:
  explicit DefaultDevice(Device device) : previous_(default_device()) {
    set_default_device(device);
  }
  ~DefaultDevice() { set_default_device(previous_); }
  DefaultDevice(const DefaultDevice&) = delete;
  DefaultDevice& operator=(const DefaultDevice&) = delete;

 private:
  Device previous_;
};

bool is_differentiated(const Tensor& x) { return x.dtype() == DType::F32; }

/// One function at one place, evaluated on any device.
class Checker {
 public:
  Checker(const TensorFunction& function, const Tensors& inputs,
          const CheckGradientsOptions& options)
      : function_(function), options_(options), generator_(default_generator().state()) {
    for (const Tensor& input : inputs) real_.push_back(to_device(input.detach(), real_device));
  }

  std::string check_differences(int order);
  std::string check_device(Device device);

 private:
  Tensor call(const Tensors& inputs) const {
    default_generator().set_state(generator_);
    return function_(inputs);
  }
  Tensors leaves(Device device) const;
  /// Weights for the result, from the options' seed.
  Tensor weights(const Tensor& result) const;
  /// By input; empty for one that is not differentiated.
  std::vector<Values> gradients(Device device, bool is_recorded) const;
  double objective(const Tensors& inputs, const Values& weights) const;
  Values differences(std::size_t input) const;

  const TensorFunction& function_;
  const CheckGradientsOptions& options_;
  GeneratorState generator_;
  Tensors real_;
};

Tensors Checker::leaves(Device device) const {
  Tensors result;
  for (const Tensor& x : real_) {
    result.push_back(x.device() == device ? clone(x) : to_device(x, device));
    if (is_differentiated(x)) result.back().requires_grad_();
  }
  return result;
}

Tensor Checker::weights(const Tensor& result) const {
  Generator generator(options_.seed);
  return randn(result.shape(), &generator, result.device());
}

std::vector<Values> Checker::gradients(Device device, bool is_recorded) const {
  const DefaultDevice scope(device);
  const Tensors inputs = leaves(device);
  Tensors wanted;
  for (const Tensor& x : inputs) {
    if (is_differentiated(x)) wanted.push_back(x);
  }
  const Tensor y = call(inputs);
  Tensors found(wanted.size());
  if (y.requires_grad()) found = grad(y, wanted, weights(y), {.create_graph = is_recorded});
  std::vector<Values> result(inputs.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!is_differentiated(inputs[i])) continue;
    const Tensor& gradient = found[next++];
    // An undefined gradient claims zero, which the differences then have to confirm.
    result[i] = gradient.defined() ? gradient.to_vector<double>()
                                   : Values(static_cast<std::size_t>(inputs[i].numel()));
  }
  return result;
}

double Checker::objective(const Tensors& inputs, const Values& weights) const {
  const Values values = call(inputs).to_vector<double>();
  double total = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) total += values[i] * weights[i];
  return total;
}

Values Checker::differences(std::size_t input) const {
  const DefaultDevice scope(real_device);
  Tensors inputs = leaves(real_device);
  const Values host_weights = weights(call(inputs)).to_vector<double>();
  Values values = inputs[input].to_vector<double>();
  Values result;
  for (double& value : values) {
    const double center = value;
    double at[2];
    for (int side = 0; side < 2; ++side) {
      value = side == 0 ? center - options_.step : center + options_.step;
      inputs[input] = from_data(values, real_[input].shape()).requires_grad_();
      at[side] = objective(inputs, host_weights);
    }
    value = center;
    result.push_back((at[1] - at[0]) / (2.0 * options_.step));
  }
  return result;
}

/// The worst entry that is further from `expected` than allowed(expected entry).
template <typename Allowed>
std::string compare(std::string_view what, std::size_t input, const Values& found,
                    std::string_view with, const Values& expected, Allowed&& allowed) {
  double worst = 1.0;
  std::string text;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double excess = std::abs(found[i] - expected[i]) / allowed(expected[i]);
    if (excess <= worst) continue;  // false for NaN
    worst = std::isnan(excess) ? std::numeric_limits<double>::infinity() : excess;
    text = fmt::format("input {}, element {}: {} {}, but {} {}", input, i, what, found[i], with,
                       expected[i]);
  }
  return text;
}

std::string Checker::check_differences(int order) {
  const auto allowed = [this](double value) {
    return options_.absolute + options_.relative * std::abs(value);
  };
  const std::vector<Values> plain = gradients(real_device, false);
  const std::vector<Values> recorded = gradients(real_device, true);
  for (std::size_t i = 0; i < real_.size(); ++i) {
    if (!is_differentiated(real_[i])) continue;
    std::string text =
        compare("the gradient is", i, plain[i], "the difference quotient", differences(i), allowed);
    if (text.empty()) {
      text = compare("a recorded walk gives", i, recorded[i], "a plain one", plain[i], allowed);
    }
    if (!text.empty()) return fmt::format("order {}, {}", order, text);
  }
  return "";
}

std::string Checker::check_device(Device device) {
  const std::vector<Values> exact = gradients(real_device, false);
  const std::vector<Values> rounded = gradients(device, false);
  for (std::size_t i = 0; i < real_.size(); ++i) {
    double largest = 1.0;
    for (double entry : exact[i]) largest = std::max(largest, std::abs(entry));
    const auto allowed = [&](double) { return options_.rounding * largest; };
    const std::string text =
        compare("f32 gives", i, rounded[i], "the real gradient is", exact[i], allowed);
    if (!text.empty()) return fmt::format("on {}, {}", to_string(device), text);
  }
  return "";
}

/// The gradients of `function`, flattened and joined, as a function of its inputs and, last, of the
/// result's gradient.
TensorFunction gradient_function(TensorFunction function) {
  return [function = std::move(function)](const Tensors& inputs) {
    const Tensors own(inputs.begin(), inputs.end() - 1);
    Tensors wanted;
    for (const Tensor& x : own) {
      if (is_differentiated(x)) wanted.push_back(x);
    }
    const Tensor y = function(own);
    Tensors parts = {zeros({1}) * inputs.back().sum()};  // never an empty list
    if (!y.requires_grad()) return parts[0];
    for (const Tensor& gradient : grad(y, wanted, inputs.back(), {.create_graph = true})) {
      if (gradient.defined()) parts.push_back(reshape(gradient, {-1}));
    }
    return cat(parts);
  };
}

}  // namespace

std::string check_gradients(const TensorFunction& function, const Tensors& inputs,
                            const CheckGradientsOptions& options) {
  const GeneratorState generator = default_generator().state();
  TensorFunction current = function;
  Tensors at = inputs;
  std::string problem;
  for (int order = 1; order <= options.order && problem.empty(); ++order) {
    Checker checker(current, at, options);
    problem = checker.check_differences(order);
    if (order == 1 && problem.empty()) problem = checker.check_device(inputs[0].device());
    if (order == options.order) break;
    // The next order's last input is the gradient of this order's result.
    const DefaultDevice scope(real_device);
    Tensors arguments;
    for (const Tensor& x : at) {
      arguments.push_back(to_device(x.detach(), real_device).clone());
      if (is_differentiated(x)) arguments.back().requires_grad_();
    }
    default_generator().set_state(generator);
    Generator weights(options.seed + static_cast<std::uint64_t>(order));
    const Tensor seed = randn(current(arguments).shape(), &weights);
    at.push_back(seed);
    current = gradient_function(std::move(current));
  }
  default_generator().set_state(generator);
  return problem;
}

}  // namespace pg
