// Losses, f32.
#pragma once

#include "runtime/tensor/tensor.h"

namespace pg {

/// What becomes of the losses of the elements.
enum class Reduction : std::uint8_t { None, Mean, Sum };

/// -log softmax(logits)[target]; logits [.., V] with the classes last (PyTorch has them second,
/// which is the same for two dimensions), targets (i32 or i64) of the leading shape. Tokens whose
/// target is `ignore_index` or negative count nowhere, not in the mean's n either. No gradient
/// passes to the targets. "cross_entropy: target 600 at position 2 is outside 512 classes".
Tensor cross_entropy(const Tensor& logits, const Tensor& targets, std::int64_t ignore_index = -100,
                     Reduction reduction = Reduction::Mean);
/// The losses per token, 0 where the target is negative.
Tensor cross_entropy_rows(const Tensor& logits, const Tensor& targets);
/// -log_probabilities[target], as cross_entropy after its log_softmax.
Tensor nll_loss(const Tensor& log_probabilities, const Tensor& targets,
                std::int64_t ignore_index = -100, Reduction reduction = Reduction::Mean);
/// (x - y)^2, shapes broadcast.
Tensor mse_loss(const Tensor& x, const Tensor& y, Reduction reduction = Reduction::Mean);

}  // namespace pg
