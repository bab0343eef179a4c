// See backward.h.
#include "runtime/autograd/backward.h"

#include <algorithm>
#include <queue>
#include <unordered_map>
#include <unordered_set>

#include "runtime/autograd/anomaly.h"
#include "runtime/autograd/functions.h"
#include "runtime/autograd/hooks.h"
#include "runtime/device/error.h"

namespace pg {
namespace {

using autograd::Edge;
using autograd::Node;

bool runs_later(const std::shared_ptr<Node>& a, const std::shared_ptr<Node>& b) {
  return a->order < b->order;
}

class Walk {
 public:
  explicit Walk(BackwardOptions options) : options_(options) {}

  /// Restricts the walk to what leads to these edges and keeps their gradients.
  void want_only(const Edge& root, std::span<const Edge> targets);
  void contribute(const Edge& edge, const Tensor& gradient);
  void run();
  /// After run(): the gradient that arrived at a wanted edge.
  Tensor arrived(const Edge& edge) const;

 private:
  void run_node(const std::shared_ptr<Node>& node, Tensors gradients);
  void keep(Tensor& kept, const Tensor& gradient);
  bool is_wanted(const Edge& edge) const {
    return edge.node && (!is_restricted_ || wanted_.contains(edge.node.get()));
  }

  BackwardOptions options_;
  bool is_restricted_ = false;
  std::unordered_set<const Node*> wanted_;  // nodes from which a target is reached
  std::unordered_set<const Node*> targets_;
  std::unordered_map<const Node*, Tensors> pending_;  // by output; only looked up, never iterated
  std::unordered_map<const Node*, Tensors> kept_;
  std::priority_queue<std::shared_ptr<Node>, std::vector<std::shared_ptr<Node>>,
                      decltype(&runs_later)>
      queue_{&runs_later};
};

void Walk::want_only(const Edge& root, std::span<const Edge> targets) {
  is_restricted_ = true;
  std::uint64_t oldest = UINT64_MAX;
  for (const Edge& target : targets) {
    targets_.insert(target.node.get());
    oldest = std::min(oldest, target.node->order);
  }
  // Creation order is a topological order: visit what can lead to a target, decide from the oldest
  // on.
  std::vector<const Node*> reachable;
  std::unordered_set<const Node*> seen;
  std::vector<const Node*> open;
  if (root.node) open.push_back(root.node.get());
  while (!open.empty()) {
    const Node* node = open.back();
    open.pop_back();
    if (!seen.insert(node).second) continue;
    reachable.push_back(node);
    for (const Edge& edge : node->edges) {
      if (edge.node && edge.node->order >= oldest) open.push_back(edge.node.get());
    }
  }
  std::sort(reachable.begin(), reachable.end(),
            [](const Node* a, const Node* b) { return a->order < b->order; });
  for (const Node* node : reachable) {
    bool leads = targets_.contains(node);
    for (const Edge& edge : node->edges) leads |= wanted_.contains(edge.node.get());
    if (leads) wanted_.insert(node);
  }
}

void Walk::contribute(const Edge& edge, const Tensor& gradient) {
  if (!gradient.defined() || !is_wanted(edge)) return;
  const Shape& expected = edge.node->output_shapes[static_cast<std::size_t>(edge.output)];
  if (gradient.shape() != expected) {
    fail("backward", "a gradient of shape {} arrived at the result of `{}`, whose shape is {}",
         to_string(gradient.shape()), edge.node->name, to_string(expected));
  }
  Tensors& slots = pending_[edge.node.get()];
  if (slots.empty()) {
    slots.resize(edge.node->output_shapes.size());
    queue_.push(edge.node);
  }
  Tensor& slot = slots[static_cast<std::size_t>(edge.output)];
  slot = slot.defined() ? add(slot, gradient) : gradient;
}

void Walk::run() {
  while (!queue_.empty()) {
    const std::shared_ptr<Node> node = queue_.top();
    queue_.pop();
    // Every consumer was created later and has run: the gradients are complete.
    auto found = pending_.find(node.get());
    Tensors gradients = std::move(found->second);
    pending_.erase(found);
    if (!node->watches.empty()) autograd::run_hooks(*node, gradients);
    if (!is_restricted_) {
      for (std::size_t i = 0; i < gradients.size(); ++i) {
        Tensor* kept = node->kept_gradient(static_cast<int>(i));
        if (kept && gradients[i].defined()) keep(*kept, gradients[i]);
      }
    }
    if (targets_.contains(node.get())) kept_[node.get()] = gradients;
    if (!node->is_leaf) run_node(node, std::move(gradients));
  }
}

/// In anomaly mode, after the vjp of a node.
void check_gradients_of(const Node& node, const Tensors& gradients) {
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined()) continue;
    const std::string found = autograd::find_anomaly(gradients[i]);
    if (found.empty()) continue;
    fail("backward", "the gradient {} of `{}` for its input {} has {}; `{}` is {}",
         describe(gradients[i]), node.name, i, found, node.name, autograd::describe(node.place));
  }
}

void Walk::run_node(const std::shared_ptr<Node>& node, Tensors gradients) {
  std::vector<bool> wanted;
  bool any = false;
  for (const Edge& edge : node->edges) {
    wanted.push_back(is_wanted(edge));
    any |= wanted.back();
  }
  if (!any) return;
  if (node->is_freed) {
    fail("backward", "the graph of `{}` was freed by an earlier backward; pass retain_graph",
         node->name);
  }
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    if (!gradients[i].defined())
      gradients[i] = zeros(node->output_shapes[i], DType::F32, node->device);
  }
  const Tensors results = node->vjp(autograd::VjpCall(node, gradients, wanted));
  gradients.clear();
  if (autograd::is_anomaly_mode()) check_gradients_of(*node, results);
  if (results.size() != node->edges.size()) {
    fail("backward", "the vjp of `{}` returned {} gradients for {} inputs", node->name,
         results.size(), node->edges.size());
  }
  if (!options_.retain_graph) {
    // Frees activations as the walk goes; the edges stay, they keep the rest of the walk alive.
    node->is_freed = true;
    node->saved.clear();
    node->vjp = nullptr;
  }
  for (std::size_t i = 0; i < results.size(); ++i) contribute(node->edges[i], results[i]);
}

void Walk::keep(Tensor& kept, const Tensor& gradient) {
  if (kept.defined()) {
    kept = add(kept, gradient);
  } else if (options_.create_graph || (gradient.is_contiguous() && gradient.is_sole_owner())) {
    kept = gradient;
  } else {
    // Gradients are scaled in place (clipping): one that is kept shares no memory with another.
    kept = clone(gradient);
  }
}

Tensor Walk::arrived(const Edge& edge) const {
  const auto found = kept_.find(edge.node.get());
  return found == kept_.end() ? Tensor() : found->second[static_cast<std::size_t>(edge.output)];
}

/// Checks the root and the seed; returns the seed.
Tensor seed_of(const char* op, const Tensor& root, const Tensor& gradient) {
  if (!root.defined()) fail(op, "undefined tensor");
  if (!root.requires_grad()) {
    fail(op, "the tensor requires no gradient: no input of it does, or it was made under NoGrad");
  }
  if (gradient.defined()) {
    const bool fits = gradient.shape() == root.shape() && gradient.dtype() == DType::F32;
    if (fits && gradient.device() != root.device()) {
      fail(op, "the gradient is on {}, the tensor on {}", to_string(gradient.device()),
           to_string(root.device()));
    }
    if (fits) return gradient;
    fail(op, "the gradient {} does not fit the tensor {}", describe(gradient), describe(root));
  }
  if (root.numel() != 1) {
    fail(op, "a tensor of shape {} needs a gradient argument; only one element implies 1",
         to_string(root.shape()));
  }
  return view::reshape(scalar(1.0f, root.device()), root.shape());
}

}  // namespace

void backward(const Tensor& root, const Tensor& gradient, BackwardOptions options) {
  const Tensor seed = seed_of("backward", root, gradient);
  options.retain_graph |= options.create_graph;
  const GradMode mode(options.create_graph);
  Walk walk(options);
  walk.contribute(autograd::edge_of(root), seed);
  walk.run();
}

Tensors grad(const Tensor& root, std::span<const Tensor> inputs, const Tensor& gradient,
             BackwardOptions options) {
  const Tensor seed = seed_of("grad", root, gradient);
  options.retain_graph |= options.create_graph;
  std::vector<Edge> targets;
  for (const Tensor& input : inputs) {
    targets.push_back(autograd::edge_of(input));
    if (!targets.back().node) fail("grad", "input {} requires no gradient", targets.size() - 1);
  }
  const GradMode mode(options.create_graph);
  Walk walk(options);
  const Edge root_edge = autograd::edge_of(root);
  walk.want_only(root_edge, targets);
  walk.contribute(root_edge, seed);
  walk.run();
  Tensors results;
  for (const Edge& target : targets) results.push_back(walk.arrived(target));
  return results;
}

void Tensor::backward(const Tensor& gradient, bool retain_graph) const {
  pg::backward(*this, gradient, {.retain_graph = retain_graph});
}

}  // namespace pg
