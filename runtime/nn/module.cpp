// See module.h.
#include "runtime/nn/module.h"

#include <algorithm>
#include <set>

#include "runtime/device/error.h"

namespace pg::nn {

void Module::check_new_name(std::string_view name) const {
  if (name.empty() || name.find('.') != std::string_view::npos) {
    fail("module", "`{}` is no name of a parameter or module", name);
  }
  const bool taken =
      std::ranges::any_of(entries_, [&](const Entry& entry) { return entry.name == name; }) ||
      std::ranges::any_of(children_, [&](const auto& child) { return child.first == name; });
  if (taken) fail("module", "`{}` is registered twice", name);
}

Tensor Module::register_parameter(std::string name, const Tensor& tensor) {
  check_new_name(name);
  tensor.requires_grad_();
  entries_.push_back({.name = std::move(name), .tensor = tensor, .is_parameter = true});
  return tensor;
}

Tensor Module::register_buffer(std::string name, const Tensor& tensor) {
  check_new_name(name);
  entries_.push_back({.name = std::move(name), .tensor = tensor});
  return tensor;
}

void Module::register_module(std::string name, Module& child) {
  check_new_name(name);
  children_.emplace_back(std::move(name), &child);
}

void Module::collect(const std::string& prefix, std::vector<Entry>& into) const {
  for (const Entry& own : entries_) {
    Entry& entry = into.emplace_back(own);
    entry.name = prefix + own.name;
    entry.is_repeated = std::any_of(into.begin(), into.end() - 1, [&](const Entry& other) {
      return other.tensor.is_same(own.tensor);
    });
  }
  for (const auto& [name, child] : children_) child->collect(prefix + name + ".", into);
}

std::vector<Module::Entry> Module::entries() const {
  std::vector<Entry> result;
  collect("", result);
  return result;
}

std::vector<NamedTensor> Module::named_parameters() const {
  std::vector<NamedTensor> result;
  for (Entry& entry : entries()) {
    if (entry.is_parameter && !entry.is_repeated) {
      result.push_back({std::move(entry.name), std::move(entry.tensor)});
    }
  }
  return result;
}

std::vector<Tensor> Module::parameters() const {
  std::vector<Tensor> result;
  for (NamedTensor& named : named_parameters()) result.push_back(std::move(named.tensor));
  return result;
}

std::vector<NamedTensor> Module::named_buffers() const {
  std::vector<NamedTensor> result;
  for (Entry& entry : entries()) {
    if (!entry.is_parameter && !entry.is_repeated) {
      result.push_back({std::move(entry.name), std::move(entry.tensor)});
    }
  }
  return result;
}

void Module::zero_grad() const {
  for (const Tensor& parameter : parameters()) parameter.zero_grad();
}

void Module::to(Device device) const {
  zero_grad();
  for (const NamedTensor& named : state_dict()) move_to_device(named.tensor, device);
}

std::int64_t Module::parameter_count() const {
  std::int64_t count = 0;
  for (const Tensor& parameter : parameters()) count += parameter.numel();
  return count;
}

StateDict Module::state_dict() const {
  StateDict result;
  for (Entry& entry : entries()) {
    if (!entry.is_repeated) result.push_back({std::move(entry.name), std::move(entry.tensor)});
  }
  return result;
}

StateDifferences Module::load_state_dict(std::span<const NamedTensor> state, bool strict) const {
  std::set<std::string_view> given;
  for (const NamedTensor& named : state) given.insert(named.name);
  // Of the names of one tensor those that the state has; the first when it has none.
  const std::vector<Entry> all = entries();
  std::vector<NamedTensor> into;
  for (const Entry& entry : all) {
    const bool has_given_name = std::ranges::any_of(all, [&](const Entry& other) {
      return other.tensor.is_same(entry.tensor) && given.contains(other.name);
    });
    if (has_given_name ? given.contains(entry.name) : !entry.is_repeated) {
      into.push_back({entry.name, entry.tensor});
    }
  }
  return copy_state("load_state_dict", into, state, strict);
}

void Module::train(bool on) {
  is_training_ = on;
  for (const auto& [name, child] : children_) child->train(on);
}

}  // namespace pg::nn
