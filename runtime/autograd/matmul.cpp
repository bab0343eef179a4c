// Recorded matrix products (runtime/autograd/matmul.h).
#include "runtime/ops/matmul.h"

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"

namespace pg {

using autograd::record;
using autograd::VjpCall;

namespace {

/// matmul's gradients with recorded ops: rank 1 operands become matrices first.
Tensors recorded_matmul_gradients(const VjpCall& call, const Tensor& a, const Tensor& b,
                                  Precision precision) {
  Tensor g = call.gradient();
  const Tensor left = a.dim() == 1 ? unsqueeze(a, 0) : a;
  const Tensor right = b.dim() == 1 ? unsqueeze(b, 1) : b;
  if (b.dim() == 1) g = unsqueeze(g, -1);
  if (a.dim() == 1) g = unsqueeze(g, -2);
  Tensors result(2);
  if (call.wants(0)) {
    result[0] =
        reshape(sum_to(matmul(g, transpose(right, -2, -1), precision), left.shape()), a.shape());
  }
  if (call.wants(1)) {
    result[1] =
        reshape(sum_to(matmul(transpose(left, -2, -1), g, precision), right.shape()), b.shape());
  }
  return result;
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, Precision precision) {
  return record("matmul", ops::matmul(a, b, precision), {&a, &b}, {&a, &b},
                [precision](const VjpCall& call) -> Tensors {
                  const Tensor a = call.saved(0);
                  const Tensor b = call.saved(1);
                  if (grad_enabled()) return recorded_matmul_gradients(call, a, b, precision);
                  ops::MatmulGradients found = ops::matmul_backward(
                      call.gradient(), a, b, call.wants(0), call.wants(1), precision);
                  return {std::move(found.a), std::move(found.b)};
                });
}

Tensor linear(const Tensor& x, const Tensor& w, const Tensor& bias, Precision precision) {
  const Tensor y = record("linear", ops::linear(x, w, precision), {&x, &w}, {&x, &w},
                          [precision](const VjpCall& call) -> Tensors {
                            const Tensor x = call.saved(0);
                            const Tensor w = call.saved(1);
                            const Tensor& g = call.gradient();
                            Tensors result(2);
                            if (grad_enabled()) {
                              const Tensor rows = reshape(g, {-1, w.size(0)});
                              if (call.wants(0)) result[0] = matmul(g, w, precision);
                              if (call.wants(1))
                                result[1] =
                                    matmul(rows.t(), reshape(x, {-1, w.size(1)}), precision);
                              return result;
                            }
                            if (call.wants(0))
                              result[0] = ops::linear_backward_input(g, w, precision);
                            if (call.wants(1))
                              result[1] = ops::linear_backward_weight(g, x, precision);
                            return result;
                          });
  return bias.defined() ? add(y, bias) : y;
}

Tensor dot(const Tensor& a, const Tensor& b) {
  if (a.dim() != 1 || b.dim() != 1)
    fail("dot", "{} and {} are no vectors", describe(a), describe(b));
  return matmul(a, b);
}

Tensor outer(const Tensor& a, const Tensor& b) {
  if (a.dim() != 1 || b.dim() != 1) {
    fail("outer", "{} and {} are no vectors", describe(a), describe(b));
  }
  return unsqueeze(a, 1) * b;
}

}  // namespace pg
