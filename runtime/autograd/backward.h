// Walking the tape back from a result. Nodes run in descending order of creation, so a tensor's
// gradient adds its consumers' contributions last-created first, starting from the first (NUMERICS
// rule 12).
#pragma once

#include <span>

#include "runtime/autograd/tape.h"

namespace pg {

struct BackwardOptions {
  bool retain_graph = false;  // keep saved tensors for another walk; implied by create_graph
  bool create_graph = false;  // record the walk itself, so that gradients can be differentiated
};

/// Adds d(root)/d(leaf) * gradient to every leaf's grad(). `gradient` may be undefined (one) when
/// root has one element.
void backward(const Tensor& root, const Tensor& gradient = {}, BackwardOptions options = {});

/// The gradients of `inputs` (leaves or not) without touching any grad(). Undefined where root does
/// not depend on an input.
Tensors grad(const Tensor& root, std::span<const Tensor> inputs, const Tensor& gradient = {},
             BackwardOptions options = {});

}  // namespace pg
