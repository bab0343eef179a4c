// Second derivatives of fused ops: when a walk is itself recorded, a fused op's gradient is taken
// through the same function spelled with small recorded ops.
#pragma once

#include "runtime/autograd/anomaly.h"
#include "runtime/autograd/functions.h"

namespace pg::autograd {

/// The gradients of spelled_out(inputs) for the inputs that `call` wants; `inputs` are saved
/// tensors in the order of the op's inputs, undefined ones where an input needs no gradient.
template <typename SpelledOut>
Tensors differentiate(const VjpCall& call, const Tensors& inputs, SpelledOut&& spelled_out) {
  // What small ops do on the way (masks of infinities) is not the fused op's.
  const AnomalyMode off(false);
  const Tensor result = spelled_out(inputs);
  Tensors wanted;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (call.wants(static_cast<int>(i))) wanted.push_back(inputs[i]);
  }
  const Tensors found = grad(result, wanted, call.gradient(), {.create_graph = true});
  Tensors gradients(inputs.size());
  std::size_t next = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (call.wants(static_cast<int>(i))) gradients[i] = found[next++];
  }
  return gradients;
}

}  // namespace pg::autograd
