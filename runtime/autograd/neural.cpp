// Recorded layers: softmax, gated units, embedding and normalisation (runtime/autograd/neural.h).
// Each vjp uses the fused backward kernel, or small recorded ops when the walk is recorded.
// Attention: attention.cpp.
#include "runtime/autograd/composite.h"
#include "runtime/device/error.h"
#include "runtime/ops/activation.h"
#include "runtime/ops/checks.h"
#include "runtime/ops/dropout.h"
#include "runtime/ops/embedding.h"
#include "runtime/ops/norm.h"

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

/// (x - mean) / sqrt(var + eps) over the last dimension.
Tensor standardized(const Tensor& x, double eps) {
  const ops::StandardizeResult result = ops::standardize(x, eps);
  return record("layer_norm", result.y, {&x}, {&x, &result.y, &result.rstd},
                [eps](const VjpCall& call) -> Tensors {
                  if (grad_enabled()) {
                    return differentiate(call, {call.saved(0)}, [eps](const Tensors& in) {
                      const Tensor distance = in[0] - mean(in[0], {-1}, true);
                      return distance * rsqrt(mean(square(distance), {-1}, true) + eps);
                    });
                  }
                  return {ops::standardize_backward(call.gradient(), call.saved(1), call.saved(2))};
                });
}

void check_affine(std::string_view what, const Tensor& x, const Tensor& parameter) {
  if (!parameter.defined()) return;
  ops::check_f32("layer_norm", {&x, &parameter});
  if (parameter.shape() == Shape{x.size(-1)}) return;
  fail("layer_norm", "{} is {}, the last dimension {}", what, describe(parameter), x.size(-1));
}

}  // namespace

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, double eps) {
  ops::check_f32("layer_norm", {&x});
  if (x.dim() == 0) fail("layer_norm", "a scalar has no rows");
  check_affine("the weight", x, weight);
  check_affine("the bias", x, bias);
  const Tensor y = standardized(x, eps);
  const Tensor scaled = weight.defined() ? y * weight : y;
  return bias.defined() ? scaled + bias : scaled;
}

namespace {

Tensor dropped(const Tensor& x, double p, const GeneratorState& state) {
  return record(
      "dropout", ops::dropout(x, p, state), {&x}, {},
      [p, state](const VjpCall& call) -> Tensors { return {dropped(call.gradient(), p, state)}; });
}

}  // namespace

Tensor dropout(const Tensor& x, double p, bool training, Generator* generator) {
  if (!training || p == 0.0) return x;
  return dropped(x, p, (generator ? *generator : default_generator()).take_step());
}

}  // namespace pg
