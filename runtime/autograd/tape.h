// The tape: which op made a tensor from which inputs, so that gradients can be walked back. Nodes
// are numbered in order of creation; a node holds its vjp (vector-Jacobian product, written with
// recorded ops), the tensors the vjp needs and edges to the nodes of its inputs. Recorded ops
// (functions.h) call record(); backward.h walks. Only f32 tensors take part.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/tensor/tensor.h"

namespace pg {

/// Whether ops called by this thread are recorded. On at first.
bool grad_enabled();

/// Sets grad_enabled() while it lives.
class GradMode {
 public:
  explicit GradMode(bool enabled);
  ~GradMode();
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool previous_;
};

/// Ops are not recorded while it lives: `const NoGrad no_grad;`.
class NoGrad : GradMode {
 public:
  NoGrad() : GradMode(false) {}
};

using Tensors = std::vector<Tensor>;
using TensorFunction = std::function<Tensor(const Tensors& inputs)>;

/// Gets the whole gradient of a tensor, all consumers' contributions added; what it returns takes
/// its place, undefined keeps it. It must not own the tensor itself, which owns the hook.
using GradientHook = std::function<Tensor(const Tensor& gradient)>;

namespace autograd {

class Node;

/// Where a gradient goes: output `output` of `node`. No node: the input needs no gradient.
struct Edge {
  std::shared_ptr<Node> node;
  int output = 0;
};

/// A tensor kept for the vjp, with the version its storage had, so that a later write in place is
/// found. An output of the node itself is kept as an alias without metadata: a handle would be a
/// cycle.
struct Saved {
  Tensor tensor;
  std::uint32_t version = 0;
  int output = -1;
};

/// Where an op was recorded: the scopes that were open, and its number in the innermost one
/// (anomaly.h).
struct ScopeEntry;
struct Place {
  std::shared_ptr<const ScopeEntry> scope;
  std::uint32_t number = 0;
};

/// A hook on the gradient of an output of a node, or, without a function, a gradient that is kept
/// there (hooks.h).
struct GradientWatch {
  int output = 0;
  std::uint64_t id = 0;
  GradientHook hook = {};
  Tensor kept = {};
};

/// What a vjp sees of the op it differentiates.
class VjpCall {
 public:
  VjpCall(const std::shared_ptr<Node>& node, const Tensors& gradients,
          const std::vector<bool>& wanted)
      : node_(node), gradients_(gradients), wanted_(wanted) {}

  /// d(loss)/d(output); zeros when that output was not used.
  const Tensor& gradient(int output = 0) const {
    return gradients_[static_cast<std::size_t>(output)];
  }
  /// The i-th saved tensor; error when it was written in place since.
  Tensor saved(int i) const;
  /// Whether anybody asks for the gradient of this input; if not, its slot may stay undefined.
  bool wants(int input) const { return wanted_[static_cast<std::size_t>(input)]; }

 private:
  const std::shared_ptr<Node>& node_;
  const Tensors& gradients_;
  const std::vector<bool>& wanted_;
};

/// Gradients of the inputs, in order; an undefined one counts as zero.
using Vjp = std::move_only_function<Tensors(const VjpCall&)>;

/// One recorded op, or a leaf (a tensor that requires a gradient and was made by no recorded op).
class Node {
 public:
  Node() = default;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  /// Frees long chains of nodes without recursion.
  ~Node();

  bool is_leaf = false;
  bool is_freed = false;  // backward took the saved tensors away
  std::uint64_t order = 0;
  std::string name;
  std::vector<Edge> edges;  // one per input
  std::vector<Saved> saved;
  std::vector<Shape> output_shapes;
  Device device;  // of the outputs; not kept for a leaf, which may move
  Vjp vjp;
  Place place;
  std::vector<GradientWatch> watches;
  Tensor leaf_gradient;

  /// Where walks leave the gradient of an output; null where they drop it.
  Tensor* kept_gradient(int output);
};

using Operands = std::span<const Tensor* const>;
using OperandList = std::initializer_list<const Tensor*>;

/// Whether an op on these inputs has to be recorded now.
bool needs_record(Operands inputs);

/// Makes `outputs` the results of one new node, whose vjp gives the gradients of `inputs`, or of
/// what `edges` lead to.
void attach(std::string_view name, std::span<const Tensor> outputs, Operands inputs, Operands saved,
            Vjp vjp);
void attach(std::string_view name, std::span<const Tensor> outputs, std::vector<Edge> edges,
            Operands saved, Vjp vjp);

/// What a recorded op ends with: attaches `output` when an input requires a gradient, and returns
/// it. `saved` may name inputs and the output itself.
template <typename F>
Tensor record(std::string_view name, const Tensor& output, OperandList inputs, OperandList saved,
              F&& vjp) {
  if (needs_record({inputs.begin(), inputs.size()})) {
    attach(name, {&output, 1}, {inputs.begin(), inputs.size()}, {saved.begin(), saved.size()},
           Vjp(std::forward<F>(vjp)));
  }
  return output;
}

/// The number of a node made now: larger than those of all nodes before.
std::uint64_t next_order();

/// While it lives, notes what this thread's recorded ops take that requires a gradient and was
/// there before. Logs may be nested: the outer one sees it too.
class OperandLog {
 public:
  OperandLog();
  ~OperandLog();
  OperandLog(const OperandLog&) = delete;
  OperandLog& operator=(const OperandLog&) = delete;

  /// Nodes of a higher order were made while the log lives.
  std::uint64_t start() const { return start_; }
  /// Each tensor once.
  const Tensors& operands() const { return operands_; }

 private:
  friend void attach(std::string_view, std::span<const Tensor>, Operands, Operands, Vjp);
  void note(const Tensor& x);

  OperandLog* outer_;
  std::uint64_t start_;
  Tensors operands_;
};

/// The edge to whatever made `x`; no node when x requires no gradient.
Edge edge_of(const Tensor& x);

/// Gives x the place on the tape that `other` has: for writes in place.
void take_place_of(const Tensor& x, const Tensor& other);

}  // namespace autograd
}  // namespace pg
