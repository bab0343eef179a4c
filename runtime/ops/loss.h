// Softmax cross-entropy over the last dimension, fused (kernels/cross_entropy.tile): the
// probabilities are never stored, and vocabularies of any size stream through.
#pragma once

#include <string_view>

#include "runtime/tensor/tensor.h"

namespace pg::ops {

/// Targets (i32 or i64) of the leading shape of logits [.., V], each below V, packed in one
/// dimension: what losses of classes take. "nll_loss: target 600 at position 2 is outside 512
/// classes".
Tensor checked_targets(std::string_view op, const Tensor& logits, const Tensor& targets);

struct CrossEntropyResult {
  Tensor losses;  // targets' shape: lse - logits[target], 0 where the target is ignored
  Tensor lse;     // targets' shape
};
/// logits [.., V], targets (i32 or i64) of the leading shape; a negative target is ignored
/// (PyTorch's -100 included). "cross_entropy: target 600 at position 2 is outside 512 classes".
CrossEntropyResult cross_entropy_rows(const Tensor& logits, const Tensor& targets);
/// dlogits = (softmax(logits) - onehot(target)) * gradient, zero on ignored rows. `gradient` has
/// targets' shape or one element (for a mean over n rows: a tensor holding g / n).
Tensor cross_entropy_backward(const Tensor& gradient, const Tensor& logits, const Tensor& targets,
                              const Tensor& lse);

}  // namespace pg::ops
