// Recorded layers: softmax, gated units, embedding, normalisation and loss (functions.h). Each vjp
// uses the fused backward kernel, or small recorded ops when the walk is recorded. Attention:
// attention.cpp.
#include <array>

#include "runtime/autograd/composite.h"
#include "runtime/ops/activation.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/embedding.h"
#include "runtime/ops/loss.h"
#include "runtime/ops/norm.h"
#include "runtime/ops/reduce.h"

namespace pg {

using autograd::differentiate;
using autograd::record;
using autograd::VjpCall;

Tensor softmax(const Tensor& x, int axis) {
  const Tensor y = ops::softmax(x, axis);
  return record("softmax", y, {&x}, {&y}, [axis](const VjpCall& call) -> Tensors {
    const Tensor& g = call.gradient();
    const Tensor y = call.saved(0);
    if (!grad_enabled()) return {ops::softmax_backward(g, y, axis)};
    return {y * (g - sum(g * y, {axis}, true))};
  });
}

Tensor log_softmax(const Tensor& x, int axis) {
  const Tensor y = ops::log_softmax(x, axis);
  return record("log_softmax", y, {&x}, {&y}, [axis](const VjpCall& call) -> Tensors {
    const Tensor& g = call.gradient();
    const Tensor y = call.saved(0);
    if (!grad_enabled()) return {ops::log_softmax_backward(g, y, axis)};
    return {g - exp(y) * sum(g, {axis}, true)};
  });
}

Tensor swiglu(const Tensor& gate, const Tensor& up) {
  return record("swiglu", ops::swiglu(gate, up), {&gate, &up}, {&gate, &up},
                [](const VjpCall& call) -> Tensors {
                  const Tensor gate = call.saved(0);
                  const Tensor up = call.saved(1);
                  if (grad_enabled()) {
                    return differentiate(call, {gate, up},
                                         [](const Tensors& in) { return silu(in[0]) * in[1]; });
                  }
                  ops::SwigluGradients found = ops::swiglu_backward(call.gradient(), gate, up);
                  return {std::move(found.gate), std::move(found.up)};
                });
}

namespace {

Tensor embedding_gradient(const Tensor& g, const Tensor& ids, std::int64_t rows) {
  return record(
      "embedding_gradient", ops::embedding_backward(g, ids, rows), {&g}, {&ids},
      [](const VjpCall& call) -> Tensors { return {embedding(call.gradient(), call.saved(0))}; });
}

}  // namespace

Tensor embedding(const Tensor& weight, const Tensor& ids) {
  return record("embedding", ops::embedding(weight, ids), {&weight}, {&ids},
                [rows = weight.size(0)](const VjpCall& call) -> Tensors {
                  return {embedding_gradient(call.gradient(), call.saved(0), rows)};
                });
}

Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps) {
  const ops::RmsNormResult result = ops::rms_norm(x, weight, eps);
  return record("rms_norm", result.y, {&x, &weight}, {&x, &weight, &result.rstd},
                [eps](const VjpCall& call) -> Tensors {
                  const Tensor x = call.saved(0);
                  const Tensor weight = call.saved(1);
                  if (grad_enabled()) {
                    return differentiate(call, {x, weight}, [eps](const Tensors& in) {
                      return in[0] * rsqrt(mean(square(in[0]), {-1}, true) + eps) * in[1];
                    });
                  }
                  ops::RmsNormGradients found =
                      ops::rms_norm_backward(call.gradient(), x, weight, call.saved(2));
                  return {std::move(found.x), std::move(found.w)};
                });
}

namespace {

Tensor rope_turned(const Tensor& x, const ops::RopeTables& tables, const Tensor& start,
                   ops::RopeStyle style, bool inverse) {
  const Tensor y =
      inverse ? ops::rope_backward(x, tables, start, style) : ops::rope(x, tables, start, style);
  return record(inverse ? "rope_inverse" : "rope", y, {&x}, {},
                [tables, start, style, inverse](const VjpCall& call) -> Tensors {
                  return {rope_turned(call.gradient(), tables, start, style, !inverse)};
                });
}

}  // namespace

Tensor rope(const Tensor& x, const ops::RopeTables& tables, const Tensor& start,
            ops::RopeStyle style) {
  return rope_turned(x, tables, start, style, false);
}

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

Tensor cross_entropy(const Tensor& logits, const Tensor& targets) {
  const ops::CrossEntropyResult result = ops::cross_entropy_rows(logits, targets);
  const Tensor counted = ops::cast(ops::binary(ops::BinaryOp::Ge, targets, 0.0), DType::F32);
  const Tensor count = ops::sum(counted);
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

}  // namespace pg
