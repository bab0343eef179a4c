// Modules: named parameters in a fixed order, nested by dotted names ("layers.0.attention.wq"). A
// module is any class that derives from Module, registers its parameters and children in its
// constructor and has a forward function of its own. The order of registration is the order of
// everything: the optimizer's updates, the gradient norm's sum, the tensors of a file.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/nn/state_dict.h"

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
  void zero_grad() const;
  /// Moves all parameters; handles on them stay valid. Gradients are dropped. Before an optimizer
  /// is made for them.
  void to(Device device) const;
  std::int64_t parameter_count() const;

 protected:
  /// Sets requires_grad and keeps the handle. Returns it.
  Tensor register_parameter(std::string name, const Tensor& tensor);
  /// `child` must live as long as this module, as a member does.
  void register_module(std::string name, Module& child);

 private:
  void collect(const std::string& prefix, std::vector<NamedTensor>& into) const;
  void check_new_name(std::string_view name) const;

  std::vector<NamedTensor> parameters_;
  std::vector<std::pair<std::string, Module*>> children_;
};

/// Uniform in +-1/sqrt(fan_in), PyTorch's default for linear layers; normal with a standard
/// deviation.
Tensor uniform_init(const Shape& shape, std::int64_t fan_in, Generator* generator = nullptr,
                    Device device = default_device());
Tensor normal_init(const Shape& shape, double deviation, Generator* generator = nullptr,
                   Device device = default_device());

}  // namespace pg::nn
