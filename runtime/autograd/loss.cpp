// Recorded losses (runtime/autograd/loss.h).
#include "runtime/ops/loss.h"

#include "runtime/autograd/composite.h"
#include "runtime/device/error.h"
#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/reduce.h"

namespace pg {

using autograd::differentiate;
using autograd::record;
using autograd::VjpCall;

namespace {

/// The loss per token spelled with small ops.
Tensor spelled_out_losses(const Tensor& logits, const Tensor& targets) {
  const Tensor classes = arange(0, logits.size(-1), 1, targets.dtype(), targets.device());
  const Tensor is_target = eq(unsqueeze(targets, -1), classes);
  return sum(where(is_target, neg(log_softmax(logits, -1)), 0.0), {-1});
}

}  // namespace

Tensor cross_entropy_rows(const Tensor& logits, const Tensor& targets) {
  const ops::CrossEntropyResult result = ops::cross_entropy_rows(logits, targets);
  return record("cross_entropy", result.losses, {&logits}, {&logits, &targets, &result.lse},
                [](const VjpCall& call) -> Tensors {
                  const Tensor targets = call.saved(1);
                  if (grad_enabled()) {
                    return differentiate(call, {call.saved(0)}, [&](const Tensors& in) {
                      return spelled_out_losses(in[0], targets);
                    });
                  }
                  return {ops::cross_entropy_backward(call.gradient(), call.saved(0), targets,
                                                      call.saved(2))};
                });
}

namespace {

/// Targets with `ignore_index` as -1; unchanged where any negative one is ignored already.
Tensor with_ignored(std::string_view op, const Tensor& targets, std::int64_t ignore_index) {
  ops::check_defined(op, targets);
  if (ignore_index < 0) return targets;
  return where(eq(targets, static_cast<double>(ignore_index)), -1.0, targets);
}

/// How many targets count, f32.
Tensor count_of(const Tensor& targets) {
  return ops::sum(ops::cast(ops::binary(ops::BinaryOp::Ge, targets, 0.0), DType::F32));
}

Tensor reduced(const Tensor& losses, Reduction reduction) {
  switch (reduction) {
    case Reduction::None:
      return losses;
    case Reduction::Mean:
      return mean(losses);
    case Reduction::Sum:
      return sum(losses);
  }
  return losses;
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& given, std::int64_t ignore_index,
                     Reduction reduction) {
  const Tensor targets = with_ignored("cross_entropy", given, ignore_index);
  if (reduction != Reduction::Mean) {
    return reduced(cross_entropy_rows(logits, targets), reduction);
  }
  const ops::CrossEntropyResult result = ops::cross_entropy_rows(logits, targets);
  const Tensor count = count_of(targets);
  const Tensor loss = ops::div(ops::sum(result.losses), count);
  return record("cross_entropy", loss, {&logits}, {&logits, &targets, &result.lse, &count},
                [](const VjpCall& call) -> Tensors {
                  const Tensor targets = call.saved(1);
                  const Tensor count = call.saved(3);
                  if (grad_enabled()) {
                    return differentiate(call, {call.saved(0)}, [&](const Tensors& in) {
                      return sum(spelled_out_losses(in[0], targets)) / count;
                    });
                  }
                  return {ops::cross_entropy_backward(ops::div(call.gradient(), count),
                                                      call.saved(0), targets, call.saved(2))};
                });
}

Tensor nll_loss(const Tensor& log_probabilities, const Tensor& given, std::int64_t ignore_index,
                Reduction reduction) {
  const Tensor targets = with_ignored("nll_loss", given, ignore_index);
  const Tensor flat = ops::checked_targets("nll_loss", log_probabilities, targets);
  const auto chosen = [&](const Tensor& ids) {
    const Tensor places = contiguous(cast(unsqueeze(ids, -1), DType::I64));
    const Tensor found = autograd::gathered(log_probabilities, log_probabilities.dim() - 1, places);
    return neg(squeeze(found, -1));
  };
  if (flat.numel() == 0 || value_range(flat).lowest >= 0) {
    return reduced(chosen(targets), reduction);
  }
  const Tensor counts = ge(targets, 0.0);
  const Tensor losses = where(counts, chosen(where(counts, targets, zeros_like(targets))), 0.0);
  if (reduction == Reduction::Mean) return sum(losses) / count_of(targets);
  return reduced(losses, reduction);
}

Tensor mse_loss(const Tensor& x, const Tensor& y, Reduction reduction) {
  ops::check_defined("mse_loss", x);
  ops::check_defined("mse_loss", y);
  broadcast_shapes("mse_loss", x.shape(), y.shape());
  return reduced(square(x - y), reduction);
}

}  // namespace pg
