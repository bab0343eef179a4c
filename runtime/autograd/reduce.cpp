// Recorded reductions (functions.h).
#include "runtime/ops/reduce.h"

#include "runtime/autograd/functions.h"

namespace pg {

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

Tensor amax(const Tensor& x, const Dims& axes, bool keepdim) {
  return extremum(true, x, axes, keepdim);
}
Tensor amin(const Tensor& x, const Dims& axes, bool keepdim) {
  return extremum(false, x, axes, keepdim);
}
Tensor argmax(const Tensor& x, int axis, bool keepdim) { return ops::argmax(x, axis, keepdim); }
Tensor argmin(const Tensor& x, int axis, bool keepdim) { return ops::argmin(x, axis, keepdim); }

Tensor sum_to(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  return record("sum_to", ops::sum_to(x, shape), {&x}, {},
                [from = x.shape()](const VjpCall& call) -> Tensors {
                  return {expand(call.gradient(), from)};
                });
}

}  // namespace pg
