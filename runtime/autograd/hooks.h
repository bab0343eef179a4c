// Watching gradients as a walk computes them: hooks, and gradients kept of tensors that are no
// leaves.
#pragma once

#include <cstdint>
#include <memory>

#include "runtime/autograd/tape.h"

namespace pg {

/// Takes a hook away again; the hook stays when the handle goes.
class HookHandle {
 public:
  void remove();

 private:
  friend HookHandle register_hook(const Tensor& x, GradientHook hook);
  std::weak_ptr<autograd::Node> node_;
  std::uint64_t id_ = 0;
};

/// Calls `hook` in every walk that brings x, a leaf or a result, a gradient: before the gradient
/// goes on or is added to grad(), in the order in which hooks were registered.
HookHandle register_hook(const Tensor& x, GradientHook hook);

/// backward() leaves the gradient of x, a result, in x.grad() as it does for leaves.
void retain_grad(const Tensor& x);

namespace autograd {

/// Runs the hooks of a node on the gradients of its outputs.
void run_hooks(const Node& node, Tensors& gradients);

}  // namespace autograd
}  // namespace pg
