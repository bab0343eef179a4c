// Modules: named parameters and buffers in a fixed order, nested by dotted names
// ("layers.0.attention.wq"). A module is any class that derives from Module, registers its tensors
// and children in its constructor and has a forward function of its own. The order of registration
// is the order of everything: the optimizer's updates, the gradient norm's sum, the tensors of a
// file.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/nn/state_dict.h"
#include "runtime/tensor/tensor.h"

namespace pg::nn {

class Module {
 public:
  Module() = default;
  virtual ~Module() = default;
  // Children are kept by address.
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Own parameters first, then the children's, each in order of registration. A tensor registered
  /// under two names (a tied head) appears once, under the first.
  std::vector<NamedTensor> named_parameters() const;
  std::vector<Tensor> parameters() const;
  /// The tensors that belong to the module but are not trained, in the same order.
  std::vector<NamedTensor> named_buffers() const;
  void zero_grad() const;
  /// Moves all parameters and buffers; handles on them stay valid. Gradients are dropped. Before an
  /// optimizer is made for them.
  void to(Device device) const;
  std::int64_t parameter_count() const;

  /// Parameters and buffers, each tensor once; the tensors are the module's own.
  StateDict state_dict() const;
  /// Copies values in; see copy_state. A tied tensor may come under any of its names.
  StateDifferences load_state_dict(std::span<const NamedTensor> state, bool strict = true) const;

  /// Whether this module and all below it are being trained, which layers like Dropout ask. On at
  /// first.
  void train(bool on = true);
  void eval() { train(false); }
  bool is_training() const { return is_training_; }

 protected:
  /// Sets requires_grad and keeps the handle. Returns it.
  Tensor register_parameter(std::string name, const Tensor& tensor);
  /// Keeps the handle. Returns it.
  Tensor register_buffer(std::string name, const Tensor& tensor);
  /// `child` must live as long as this module, as a member does.
  void register_module(std::string name, Module& child);

 private:
  struct Entry {
    std::string name;
    Tensor tensor;
    bool is_parameter = false;
    bool is_repeated = false;  // known under another name
  };
  void collect(const std::string& prefix, std::vector<Entry>& into) const;
  /// Of this module and all below it, by full names.
  std::vector<Entry> entries() const;
  void check_new_name(std::string_view name) const;

  std::vector<Entry> entries_;
  std::vector<std::pair<std::string, Module*>> children_;
  bool is_training_ = true;
};

}  // namespace pg::nn
