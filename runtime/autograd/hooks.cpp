// See hooks.h.
#include "runtime/autograd/hooks.h"

#include "runtime/device/error.h"

namespace pg {

namespace {

using autograd::Edge;
using autograd::GradientWatch;

Edge checked_edge(const char* op, const Tensor& x) {
  Edge edge = autograd::edge_of(x);
  if (!edge.node) fail(op, "{} requires no gradient", describe(x));
  return edge;
}

}  // namespace

HookHandle register_hook(const Tensor& x, GradientHook hook) {
  const Edge edge = checked_edge("register_hook", x);
  if (!hook) fail("register_hook", "the hook is empty");
  // Never used again, so a handle of a hook that is gone finds no other.
  const std::uint64_t id = autograd::next_order();
  edge.node->watches.push_back({.output = edge.output, .id = id, .hook = std::move(hook)});
  HookHandle handle;
  handle.node_ = edge.node;
  handle.id_ = id;
  return handle;
}

void HookHandle::remove() {
  if (const auto node = node_.lock()) {
    std::erase_if(node->watches, [this](const GradientWatch& watch) { return watch.id == id_; });
  }
  node_.reset();
}

void retain_grad(const Tensor& x) {
  const Edge edge = checked_edge("retain_grad", x);
  if (edge.node->is_leaf || edge.node->kept_gradient(edge.output)) return;
  edge.node->watches.push_back({.output = edge.output});
}

void autograd::run_hooks(const Node& node, Tensors& gradients) {
  const std::vector<GradientWatch> watches = node.watches;  // a hook may remove itself
  for (const GradientWatch& watch : watches) {
    Tensor& gradient = gradients[static_cast<std::size_t>(watch.output)];
    if (!watch.hook || !gradient.defined()) continue;
    const Tensor replaced = watch.hook(gradient);
    if (!replaced.defined()) continue;
    if (replaced.shape() != gradient.shape() || replaced.dtype() != gradient.dtype() ||
        replaced.device() != gradient.device()) {
      fail("register_hook",
           "a hook of a result of `{}` returned {} on {} for the gradient {} on {}", node.name,
           describe(replaced), to_string(replaced.device()), describe(gradient),
           to_string(gradient.device()));
    }
    gradient = replaced;
  }
}

}  // namespace pg
