// See module.h.
#include "runtime/nn/module.h"

#include <algorithm>
#include <cmath>

#include "runtime/device/error.h"
#include "runtime/tensor/random.h"

namespace pg::nn {

void Module::check_new_name(std::string_view name) const {
  if (name.empty() || name.find('.') != std::string_view::npos) {
    fail("module", "`{}` is no name of a parameter or module", name);
  }
  const bool taken =
      std::ranges::any_of(parameters_, [&](const NamedTensor& p) { return p.name == name; }) ||
      std::ranges::any_of(children_, [&](const auto& child) { return child.first == name; });
  if (taken) fail("module", "`{}` is registered twice", name);
}

Tensor Module::register_parameter(std::string name, const Tensor& tensor) {
  check_new_name(name);
  tensor.requires_grad_();
  parameters_.push_back({std::move(name), tensor});
  return tensor;
}

void Module::register_module(std::string name, Module& child) {
  check_new_name(name);
  children_.emplace_back(std::move(name), &child);
}

void Module::collect(const std::string& prefix, std::vector<NamedTensor>& into) const {
  for (const NamedTensor& own : parameters_) {
    const bool known = std::ranges::any_of(
        into, [&](const NamedTensor& other) { return other.tensor.is_same(own.tensor); });
    if (!known) into.push_back({prefix + own.name, own.tensor});
  }
  for (const auto& [name, child] : children_) child->collect(prefix + name + ".", into);
}

std::vector<NamedTensor> Module::named_parameters() const {
  std::vector<NamedTensor> result;
  collect("", result);
  return result;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> result;
  for (NamedTensor& named : named_parameters()) result.push_back(std::move(named.tensor));
  return result;
}

void Module::zero_grad() const {
  for (const Tensor& parameter : parameters()) parameter.zero_grad();
}

void Module::to(Device device) const {
  for (const Tensor& parameter : parameters()) {
    parameter.zero_grad();
    move_to_device(parameter, device);
  }
}

std::int64_t Module::parameter_count() const {
  std::int64_t count = 0;
  for (const Tensor& parameter : parameters()) count += parameter.numel();
  return count;
}

namespace {

Generator& chosen(Generator* generator) { return generator ? *generator : default_generator(); }

}  // namespace

Tensor uniform_init(const Shape& shape, std::int64_t fan_in, Generator* generator, Device device) {
  if (fan_in <= 0) fail("uniform_init", "fan_in {} is not positive", fan_in);
  const double bound = 1.0 / std::sqrt(static_cast<double>(fan_in));
  std::vector<float> values(static_cast<std::size_t>(element_count("uniform_init", shape)));
  chosen(generator).uniform(values);
  for (float& value : values) value = static_cast<float>((2.0 * value - 1.0) * bound);
  return from_data(values, shape, device);
}

Tensor normal_init(const Shape& shape, double deviation, Generator* generator, Device device) {
  std::vector<float> values(static_cast<std::size_t>(element_count("normal_init", shape)));
  chosen(generator).normal(values);
  for (float& value : values) value = static_cast<float>(value * deviation);
  return from_data(values, shape, device);
}

}  // namespace pg::nn
