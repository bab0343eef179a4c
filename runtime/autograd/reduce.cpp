// Recorded reductions (runtime/autograd/reduce.h).
#include "runtime/ops/reduce.h"

#include <cmath>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/scan.h"

namespace pg {

using autograd::not_zero;
using autograd::record;
using autograd::VjpCall;

namespace {

/// A reduction's gradient spread over its input: the reduced dimensions come back with size 1.
Tensor spread(const Tensor& g, const Shape& shape, const Dims& axes) {
  return expand(reshape(g, reduced_shape(shape, axes, true)), shape);
}

std::int64_t count_of(const Shape& shape, const Dims& axes) {
  std::int64_t count = 1;
  for (std::int64_t axis : axes) count *= shape[static_cast<int>(axis)];
  return count;
}

Tensor extremum(bool largest, const Tensor& x, const Dims& axes, bool keepdim) {
  const Tensor y = largest ? ops::amax(x, axes, keepdim) : ops::amin(x, axes, keepdim);
  const char* name = largest ? "amax" : "amin";
  return record(name, y, {&x}, {&x, &y}, [axes, name](const VjpCall& call) -> Tensors {
    const Tensor x = call.saved(0);
    const Dims reduced = normalize_axes(name, axes, x.dim());
    const Shape kept = reduced_shape(x.shape(), reduced, true);
    const Tensor best = reshape(call.saved(1), kept);
    const Tensor g = reshape(call.gradient(), kept);
    if (!grad_enabled()) return {ops::extremum_backward(g, x, best, reduced)};
    const Tensor chosen = cast(eq(x, best), DType::F32);
    return {chosen * (g / sum(chosen, reduced, true))};
  });
}

/// The reduced axes of an f32 tensor.
Dims checked_axes(const char* op, const Tensor& x, const Dims& axes) {
  ops::check_f32(op, {&x});
  return normalize_axes(op, axes, x.dim());
}

/// Square distances from the mean, summed and divided by n - correction.
Tensor plain_variance(const char* op, const Tensor& x, const Dims& axes, std::int64_t correction,
                      bool keepdim, double& divisor) {
  const Dims reduced = checked_axes(op, x, axes);
  divisor = std::max(
      0.0, static_cast<double>(count_of(x.shape(), reduced)) - static_cast<double>(correction));
  const Tensor distance = ops::sub(x, ops::mean(x, axes, true));
  return ops::div(ops::sum(ops::unary(ops::UnaryOp::Square, distance), axes, keepdim), divisor);
}

Tensor centered(const Tensor& x, const Dims& axes) { return x - mean(x, axes, true); }

/// g / y^p spread over x's shape, 0 where y is 0: what the gradient of a root begins with.
Tensor over_root(const Tensor& g, const Tensor& y, double p, const Shape& shape, const Dims& axes) {
  const Tensor divisor = p == 1.0 ? not_zero(y) : pow(not_zero(y), p);
  return spread(where(eq(y, 0.0), 0.0, g / divisor), shape, axes);
}

ValuesAndIndices along_axis(bool largest, const Tensor& x, int axis, bool keepdim) {
  const char* op = largest ? "max" : "min";
  const int dim = normalize_axis(op, axis, x.dim());
  const Tensor indices = largest ? ops::argmax(x, dim, true) : ops::argmin(x, dim, true);
  const Tensor values = autograd::gathered(x, dim, indices);
  if (keepdim) return {values, indices};
  return {squeeze(values, dim), view::squeeze(indices, dim)};
}

/// The product along the last axis by recorded products of halves: its gradient holds with zeros.
Tensor product_of_halves(Tensor x) {
  while (x.size(-1) > 1) {
    const std::int64_t half = x.size(-1) / 2;
    const Tensor paired = narrow(x, -1, 0, half) * narrow(x, -1, half, half);
    x = x.size(-1) % 2 == 0 ? paired : cat({paired, narrow(x, -1, 2 * half, 1)}, -1);
  }
  return squeeze(x, -1);
}

/// x with the reduced axes (ascending) last and merged.
Tensor as_rows(const Tensor& x, const Dims& reduced) {
  Shape shape = reduced_shape(x.shape(), reduced, false);
  shape.push_back(count_of(x.shape(), reduced));
  return reshape(permute(x, order_with_last(reduced, x.dim())), shape);
}

Tensor flattened(const Tensor& x) { return ops::reshape(x, {x.numel()}); }

Tensor as_bool(const Tensor& x) { return x.dtype() == DType::Bool ? x : cast(x, DType::Bool); }

}  // namespace

Tensor sum(const Tensor& x, const Dims& axes, bool keepdim) {
  return record(
      "sum", ops::sum(x, axes, keepdim), {&x}, {},
      [shape = x.shape(), axes](const VjpCall& call) -> Tensors {
        return {spread(call.gradient(), shape, normalize_axes("sum", axes, shape.size()))};
      });
}

Tensor mean(const Tensor& x, const Dims& axes, bool keepdim) {
  return record("mean", ops::mean(x, axes, keepdim), {&x}, {},
                [shape = x.shape(), axes](const VjpCall& call) -> Tensors {
                  const Dims reduced = normalize_axes("mean", axes, shape.size());
                  const auto count = static_cast<double>(count_of(shape, reduced));
                  return {spread(call.gradient() / count, shape, reduced)};
                });
}

Tensor prod(const Tensor& x, const Dims& axes, bool keepdim) {
  return record(
      "prod", ops::prod(x, axes, keepdim), {&x}, {&x}, [axes](const VjpCall& call) -> Tensors {
        const Tensor x = call.saved(0);
        if (x.numel() == 0) return {Tensor()};
        const Dims reduced = normalize_axes("prod", axes, x.dim());
        const Tensor g = reshape(call.gradient(), reduced_shape(x.shape(), reduced, false));
        const bool is_recorded = grad_enabled();
        const GradMode mode(true);
        const Tensor factors = is_recorded ? x : x.detach().requires_grad_();
        const Tensor y = product_of_halves(as_rows(factors, reduced));
        return grad(y, Tensors{factors}, g, {.create_graph = is_recorded});
      });
}

Tensor amax(const Tensor& x, const Dims& axes, bool keepdim) {
  return extremum(true, x, axes, keepdim);
}
Tensor amin(const Tensor& x, const Dims& axes, bool keepdim) {
  return extremum(false, x, axes, keepdim);
}
Tensor max(const Tensor& x) { return amax(x); }
Tensor min(const Tensor& x) { return amin(x); }
ValuesAndIndices max(const Tensor& x, int axis, bool keepdim) {
  return along_axis(true, x, axis, keepdim);
}
ValuesAndIndices min(const Tensor& x, int axis, bool keepdim) {
  return along_axis(false, x, axis, keepdim);
}
Tensor argmax(const Tensor& x) { return ops::argmax(flattened(x), 0); }
Tensor argmin(const Tensor& x) { return ops::argmin(flattened(x), 0); }
Tensor argmax(const Tensor& x, int axis, bool keepdim) { return ops::argmax(x, axis, keepdim); }
Tensor argmin(const Tensor& x, int axis, bool keepdim) { return ops::argmin(x, axis, keepdim); }
Tensor any(const Tensor& x, const Dims& axes, bool keepdim) {
  return ops::any(as_bool(x), axes, keepdim);
}
Tensor all(const Tensor& x, const Dims& axes, bool keepdim) {
  return ops::all(as_bool(x), axes, keepdim);
}

Tensor var(const Tensor& x, const Dims& axes, std::int64_t correction, bool keepdim) {
  double divisor = 0.0;
  const Tensor y = plain_variance("var", x, axes, correction, keepdim, divisor);
  return record("var", y, {&x}, {&x}, [axes, divisor](const VjpCall& call) -> Tensors {
    const Tensor x = call.saved(0);
    const Dims reduced = normalize_axes("var", axes, x.dim());
    const Tensor g = spread(call.gradient() * (2.0 / divisor), x.shape(), reduced);
    return {g * centered(x, reduced)};
  });
}

Tensor std(const Tensor& x, const Dims& axes, std::int64_t correction, bool keepdim) {
  double divisor = 0.0;
  const Tensor y =
      ops::unary(ops::UnaryOp::Sqrt, plain_variance("std", x, axes, correction, keepdim, divisor));
  return record("std", y, {&x}, {&x, &y}, [axes, divisor](const VjpCall& call) -> Tensors {
    const Tensor x = call.saved(0);
    const Dims reduced = normalize_axes("std", axes, x.dim());
    const Tensor g = over_root(call.gradient() / divisor, call.saved(1), 1.0, x.shape(), reduced);
    return {g * centered(x, reduced)};
  });
}

Tensor logsumexp(const Tensor& x, const Dims& axes, bool keepdim) {
  ops::check_defined("logsumexp", x);
  if (x.dtype() != DType::F32) return logsumexp(cast(x, DType::F32), axes, keepdim);
  const Dims reduced = normalize_axes("logsumexp", axes, x.dim());
  // The shift is a constant: it cancels in the gradient.
  const Shape kept = reduced_shape(x.shape(), reduced, true);
  Tensor shift = x.numel() == 0 ? zeros(kept, DType::F32, x.device()) : ops::amax(x, axes, true);
  shift = where(eq(abs(shift), INFINITY), 0.0, shift);
  const Tensor y = log(sum(exp(x - shift), axes, true)) + shift;
  if (keepdim) return y;
  return reshape(y, reduced_shape(x.shape(), reduced, false));
}

Tensor norm(const Tensor& x, double p, const Dims& axes, bool keepdim) {
  if (!(p > 0.0)) fail("norm", "p is {}, not positive", p);
  checked_axes("norm", x, axes);
  if (p == 1.0) return sum(abs(x), axes, keepdim);
  if (std::isinf(p)) return amax(abs(x), axes, keepdim);
  const Tensor y =
      p == 2.0 ? ops::unary(ops::UnaryOp::Sqrt,
                            ops::sum(ops::unary(ops::UnaryOp::Square, x), axes, keepdim))
               : ops::binary(
                     ops::BinaryOp::Pow,
                     ops::sum(ops::binary(ops::BinaryOp::Pow, ops::unary(ops::UnaryOp::Abs, x), p),
                              axes, keepdim),
                     1.0 / p);
  return record("norm", y, {&x}, {&x, &y}, [axes, p](const VjpCall& call) -> Tensors {
    const Tensor x = call.saved(0);
    const Tensor y = call.saved(1);
    const Dims reduced = normalize_axes("norm", axes, x.dim());
    const Tensor g = over_root(call.gradient(), y, p - 1.0, x.shape(), reduced);
    if (p == 2.0) return {x * g};
    return {g * pow(not_zero(abs(x)), p - 1.0) * sign(x)};
  });
}

Tensor cumsum(const Tensor& x, int axis) {
  return record("cumsum", ops::cumsum(x, axis), {&x}, {}, [axis](const VjpCall& call) -> Tensors {
    const Tensor& g = call.gradient();
    if (g.dim() == 0) return {g};
    return {flip(cumsum(flip(g, {axis}), axis), {axis})};
  });
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  return record("sum_to", ops::sum_to(x, shape), {&x}, {},
                [from = x.shape()](const VjpCall& call) -> Tensors {
                  return {expand(call.gradient(), from)};
                });
}

}  // namespace pg
