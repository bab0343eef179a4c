// See tape.h.
#include "runtime/autograd/tape.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "runtime/autograd/anomaly.h"
#include "runtime/device/error.h"

namespace pg {
namespace {

thread_local bool recording_enabled = true;

}  // namespace

bool grad_enabled() { return recording_enabled; }
GradMode::GradMode(bool enabled) : previous_(recording_enabled) { recording_enabled = enabled; }
GradMode::~GradMode() { recording_enabled = previous_; }

namespace autograd {
namespace {

/// A tensor's place on the tape.
struct GradMeta final : AutogradMeta {
  explicit GradMeta(Edge edge) : edge(std::move(edge)) {}
  Edge edge;
};

/// Parts of dying nodes. Whoever starts draining empties it; nodes that die meanwhile only add to
/// it, so the depth of recursion stays constant however long a graph is.
struct Graveyard {
  std::vector<Edge> edges;
  std::vector<Saved> saved;
  bool is_draining = false;

  void drain() {
    is_draining = true;
    while (!edges.empty() || !saved.empty()) {
      if (!edges.empty()) {
        const Edge edge = std::move(edges.back());
        edges.pop_back();
      } else {
        const Saved tensor = std::move(saved.back());
        saved.pop_back();
      }
    }
    is_draining = false;
  }
};

Graveyard& graveyard() {
  thread_local Graveyard instance;
  return instance;
}

Saved save(const Tensor& x, std::span<const Tensor> outputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (x.is_same(outputs[i])) {
      return {.tensor = view::alias(x), .version = x.version(), .output = static_cast<int>(i)};
    }
  }
  return {.tensor = x, .version = x.version()};
}

}  // namespace

Node::~Node() {
  Graveyard& grave = graveyard();
  for (Edge& edge : edges) {
    if (edge.node) grave.edges.push_back(std::move(edge));
  }
  for (Saved& tensor : saved) grave.saved.push_back(std::move(tensor));
  if (!grave.is_draining) grave.drain();
}

Tensor* Node::kept_gradient(int output) {
  if (is_leaf) return &leaf_gradient;
  for (GradientWatch& watch : watches) {
    if (watch.output == output && !watch.hook) return &watch.kept;
  }
  return nullptr;
}

std::uint64_t next_order() {
  static std::atomic<std::uint64_t> order{0};
  return order.fetch_add(1, std::memory_order_relaxed);
}

Edge edge_of(const Tensor& x) {
  const auto* meta = static_cast<const GradMeta*>(x.autograd_meta());
  return meta ? meta->edge : Edge{};
}

void take_place_of(const Tensor& x, const Tensor& other) {
  Edge edge = edge_of(other);
  x.set_autograd_meta(edge.node ? std::make_unique<GradMeta>(std::move(edge)) : nullptr);
}

namespace {

thread_local OperandLog* current_log = nullptr;

}  // namespace

OperandLog::OperandLog() : outer_(std::exchange(current_log, this)), start_(next_order()) {}

OperandLog::~OperandLog() {
  current_log = outer_;
  if (!outer_) return;
  for (const Tensor& x : operands_) outer_->note(x);
}

void OperandLog::note(const Tensor& x) {
  const Edge edge = edge_of(x);
  if (!edge.node || edge.node->order > start_) return;
  const auto is_same = [&](const Tensor& known) { return known.is_same(x); };
  if (std::ranges::none_of(operands_, is_same)) operands_.push_back(x);
}

bool needs_record(Operands inputs) {
  if (!recording_enabled) return false;
  for (const Tensor* x : inputs) {
    if (x->autograd_meta()) return true;
  }
  return false;
}

namespace {

/// In anomaly mode: the first result that is not finite is an error, which says whether its
/// operands were to blame.
void check_results(std::string_view name, std::span<const Tensor> outputs, Operands inputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const std::string found = find_anomaly(outputs[i]);
    if (found.empty()) continue;
    std::string text = fmt::format("the result {} has {}; it is {}", pg::describe(outputs[i]),
                                   found, describe(next_place()));
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      const std::string before = find_anomaly(*inputs[k]);
      if (!before.empty()) text += fmt::format("; input {} has {}", k, before);
    }
    throw_error(name, text);
  }
}

}  // namespace

void attach(std::string_view name, std::span<const Tensor> outputs, std::vector<Edge> edges,
            Operands saved, Vjp vjp) {
  auto node = std::make_shared<Node>();
  node->order = next_order();
  node->name = name;
  node->place = next_place();
  node->vjp = std::move(vjp);
  node->edges = std::move(edges);
  node->saved.reserve(saved.size());
  for (const Tensor* x : saved) node->saved.push_back(save(*x, outputs));
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    node->output_shapes.push_back(outputs[i].shape());
    node->device = outputs[i].device();
    if (outputs[i].dtype() != DType::F32) continue;
    outputs[i].set_autograd_meta(std::make_unique<GradMeta>(Edge{node, static_cast<int>(i)}));
  }
}

void attach(std::string_view name, std::span<const Tensor> outputs, Operands inputs, Operands saved,
            Vjp vjp) {
  std::vector<Edge> edges;
  edges.reserve(inputs.size());
  for (const Tensor* x : inputs) {
    for (const Tensor& output : outputs) {
      if (output.dtype() == DType::F32 && x->is_same(output))
        fail(name, "an output is the very handle of an input");
    }
    edges.push_back(edge_of(*x));
    if (current_log) current_log->note(*x);
  }
  if (is_anomaly_mode()) check_results(name, outputs, inputs);
  attach(name, outputs, std::move(edges), saved, std::move(vjp));
}

Tensor VjpCall::saved(int i) const {
  const Saved& saved = node_->saved[static_cast<std::size_t>(i)];
  if (saved.tensor.version() != saved.version) {
    fail("backward",
         "{} {} of `{}` is needed by its gradient, but was written in place: it is at version {}, "
         "saved at version {}; `{}` is {}",
         saved.output < 0 ? "an input" : "the result", pg::describe(saved.tensor), node_->name,
         saved.tensor.version(), saved.version, node_->name, describe(node_->place));
  }
  if (saved.output < 0 || !grad_enabled()) return saved.tensor;
  // The gradient is itself being recorded: hand out a handle that leads back to this node.
  Tensor result = view::alias(saved.tensor);
  result.set_autograd_meta(std::make_unique<GradMeta>(Edge{node_, saved.output}));
  return result;
}

}  // namespace autograd

bool Tensor::requires_grad() const { return autograd_meta() != nullptr; }

Tensor Tensor::requires_grad_(bool value) const {
  if (dtype() != DType::F32)
    fail("requires_grad_", "only f32 tensors have gradients, not {}", describe(*this));
  const autograd::Edge edge = autograd::edge_of(*this);
  if (!value && edge.node && !edge.node->is_leaf) {
    fail("requires_grad_", "the result of `{}` cannot be taken off the tape; use detach()",
         edge.node->name);
  }
  if (value && !edge.node) {
    auto leaf = std::make_shared<autograd::Node>();
    leaf->is_leaf = true;
    leaf->order = autograd::next_order();
    leaf->name = "leaf";
    leaf->output_shapes.push_back(shape());
    set_autograd_meta(std::make_unique<autograd::GradMeta>(autograd::Edge{std::move(leaf), 0}));
  }
  if (!value) set_autograd_meta(nullptr);
  return *this;
}

Tensor Tensor::grad() const {
  const autograd::Edge edge = autograd::edge_of(*this);
  const Tensor* kept = edge.node ? edge.node->kept_gradient(edge.output) : nullptr;
  return kept ? *kept : Tensor();
}

void Tensor::set_grad(const Tensor& gradient) const {
  const autograd::Edge edge = autograd::edge_of(*this);
  Tensor* kept = edge.node ? edge.node->kept_gradient(edge.output) : nullptr;
  if (!kept)
    fail("set_grad", "only leaves that require a gradient, and after retain_grad, have one");
  if (gradient.defined() && (gradient.shape() != shape() || gradient.dtype() != dtype() ||
                             gradient.device() != device())) {
    fail("set_grad", "{} is no gradient of {}", describe(gradient), describe(*this));
  }
  *kept = gradient;
}

void Tensor::zero_grad() const {
  if (grad().defined()) set_grad({});
}

Tensor Tensor::detach() const { return view::alias(*this); }

}  // namespace pg
