// See checkpoint.h. The function is recorded as usual; then its nodes are replaced by one, whose
// inputs are all edges that leave them, each use of a tensor by itself and in the order in which a
// walk would have come to them. So contributions are added exactly as without checkpoint.
#include "runtime/autograd/checkpoint.h"

#include <algorithm>
#include <unordered_set>

#include "runtime/autograd/backward.h"
#include "runtime/device/error.h"

namespace pg {

namespace {

using autograd::Edge;
using autograd::Node;
using autograd::VjpCall;

/// The state of a generator while the function runs a second time.
class GeneratorScope {
 public:
  GeneratorScope(Generator& generator, const GeneratorState& state)
      : generator_(generator), previous_(generator.state()) {
    generator_.set_state(state);
  }
  ~GeneratorScope() { generator_.set_state(previous_); }
  GeneratorScope(const GeneratorScope&) = delete;
  GeneratorScope& operator=(const GeneratorScope&) = delete;

 private:
  Generator& generator_;
  GeneratorState previous_;
};

/// What one call of the function recorded.
struct Recording {
  Tensor result;
  Tensors operands = {};          // with gradients, from outside
  std::vector<Edge*> exits = {};  // edges of its nodes that lead out, as a walk meets them
};

Recording run(const TensorFunction& function, const Tensors& inputs) {
  const autograd::OperandLog log;
  const std::uint64_t start = log.start();
  Recording recording{.result = function(inputs), .operands = log.operands()};
  if (!recording.result.defined()) fail("checkpoint", "the function returned an undefined tensor");
  const Edge root = autograd::edge_of(recording.result);
  const auto is_inside = [start](const Node* node) { return node && node->order > start; };
  std::vector<Node*> nodes;
  std::vector<Node*> open;
  std::unordered_set<const Node*> seen;
  if (is_inside(root.node.get())) open.push_back(root.node.get());
  while (!open.empty()) {
    Node* node = open.back();
    open.pop_back();
    if (!seen.insert(node).second) continue;
    nodes.push_back(node);
    for (const Edge& edge : node->edges) {
      if (is_inside(edge.node.get())) open.push_back(edge.node.get());
    }
  }
  std::ranges::sort(nodes, std::greater(), &Node::order);
  for (Node* node : nodes) {
    for (Edge& edge : node->edges) {
      if (edge.node && !is_inside(edge.node.get())) recording.exits.push_back(&edge);
    }
  }
  return recording;
}

/// While it lives, the wanted exits of a recording lead to leaves of their own.
class Sinks {
 public:
  Sinks(std::vector<Edge*> exits, const VjpCall& call) : exits_(std::move(exits)) {
    for (std::size_t i = 0; i < exits_.size(); ++i) {
      Edge sink;
      if (call.wants(static_cast<int>(i))) {
        sink.node = std::make_shared<Node>();
        sink.node->is_leaf = true;
        sink.node->name = "checkpoint";
        sink.node->output_shapes.push_back(
            exits_[i]->node->output_shapes[static_cast<std::size_t>(exits_[i]->output)]);
      }
      leaves_.push_back(sink.node);
      outside_.push_back(std::exchange(*exits_[i], std::move(sink)));
    }
  }
  ~Sinks() {
    for (std::size_t i = 0; i < exits_.size(); ++i) *exits_[i] = std::move(outside_[i]);
  }
  Sinks(const Sinks&) = delete;
  Sinks& operator=(const Sinks&) = delete;

  Tensors gradients() const {
    Tensors result;
    for (const auto& leaf : leaves_) result.push_back(leaf ? leaf->leaf_gradient : Tensor());
    return result;
  }

 private:
  std::vector<Edge*> exits_;
  std::vector<Edge> outside_;
  std::vector<std::shared_ptr<Node>> leaves_;
};

}  // namespace

Tensor checkpoint(TensorFunction function, const Tensors& inputs, Generator* generator) {
  if (!function) fail("checkpoint", "the function is empty");
  if (!grad_enabled()) return function(inputs);
  Generator& random = generator ? *generator : default_generator();
  const GeneratorState state = random.state();
  const Recording first = run(function, inputs);
  if (first.exits.empty()) return first.result;

  // Parameters are kept for their versions: written in place meanwhile, they would give another
  // result.
  std::vector<const Tensor*> saved;
  for (const Tensor& input : inputs) saved.push_back(&input);
  for (const Tensor& operand : first.operands) saved.push_back(&operand);
  auto vjp = [function = std::move(function), count = inputs.size(), kept = saved.size(),
              exits = first.exits.size(), state, &random](const VjpCall& call) -> Tensors {
    Tensors again;
    for (std::size_t i = 0; i < kept; ++i) again.push_back(call.saved(static_cast<int>(i)));
    again.resize(count);
    const bool create_graph = grad_enabled();
    const GradMode recording_on(true);
    const GeneratorScope scope(random, state);
    const Recording second = run(function, again);
    if (second.exits.size() != exits) {
      fail("checkpoint", "the function used {} tensors with gradients at first, but {} again",
           exits, second.exits.size());
    }
    const Sinks sinks(second.exits, call);
    backward(second.result, call.gradient(), {.create_graph = create_graph});
    return sinks.gradients();
  };
  std::vector<Edge> edges;
  for (const Edge* exit : first.exits) edges.push_back(*exit);
  Tensor result = view::alias(first.result);
  autograd::attach("checkpoint", {&result, 1}, std::move(edges), saved, std::move(vjp));
  return result;
}

}  // namespace pg
