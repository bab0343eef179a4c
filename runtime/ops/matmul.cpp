// See matmul.h.
#include "runtime/ops/matmul.h"

#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/kernel_table.h"
#include "runtime/ops/matmul_tensor_cores.h"
#include "runtime/ops/reduce.h"

namespace pg::ops {

namespace {

/// The kernel of a precision, which it calls `parameter`.
const Kernel& kernel_for(KernelTable<2>& table, const char* name, const char* parameter,
                         Precision precision) {
  return table.get(static_cast<std::size_t>(precision), [&] {
    return builtin_kernel("matmul.tile", name, {{parameter, std::string(name_of(precision))}});
  });
}

Tensor multiply(const Tensor& a, const Tensor& b, Precision precision) {
  static KernelTable<2> table;
  const Kernel& kernel = kernel_for(table, "matmul", "P", precision);
  if (precision == Precision::Tf32 && a.device().is_cuda() && a.numel() > 0 && b.numel() > 0) {
    return multiply_on_tensor_cores(kernel, a, b);
  }
  Tensor c = new_result("matmul", a, {a.shape()[0], b.shape()[1]});
  if (c.numel() > 0) launch(kernel, a, b, c);
  return c;
}

/// The batch dimensions of x expanded to `batch`, as two dimensions [P, Q] (copied when strides do
/// not allow that).
Tensor as_batches(const Tensor& x, const Shape& batch) {
  Shape full = batch;
  full.push_back(x.size(-2));
  full.push_back(x.size(-1));
  const Tensor expanded = view::expand(x, full);
  if (batch.size() == 2) return expanded;
  Shape two{1, 1, x.size(-2), x.size(-1)};
  if (batch.size() == 1) two[1] = batch[0];
  if (batch.size() > 2) {
    two[1] = batch.back();
    for (int d = 0; d + 1 < batch.size(); ++d) two[0] *= batch[d];
  }
  return reshape(expanded, two);
}

Tensor multiply_batched(const Tensor& a, const Tensor& b, const Shape& batch, Precision precision) {
  static KernelTable<2> table;
  const Kernel& kernel = kernel_for(table, "matmul_batched", "T", precision);
  const Tensor left = as_batches(a, batch);
  const Tensor right = as_batches(b, batch);
  Tensor c = new_result("matmul", a,
                        {left.shape()[0], left.shape()[1], left.shape()[2], right.shape()[3]});
  if (c.numel() > 0) launch(kernel, left, right, c);
  Shape shape = batch;
  shape.push_back(a.size(-2));
  shape.push_back(b.size(-1));
  return view::reshape(c, shape);
}

Shape batch_shape(const Tensor& x) {
  Shape shape = x.shape();
  shape.erase(shape.size() - 1);
  shape.erase(shape.size() - 1);
  return shape;
}

/// Operands of rank at least 2.
Tensor product(const Tensor& a, const Tensor& b, Precision precision) {
  if (a.size(-1) != b.size(-2)) {
    fail("matmul", "inner sizes {} and {} differ", a.size(-1), b.size(-2));
  }
  if (b.dim() == 2 && a.dim() > 2) {
    // One product over all rows, if they can be rows of a matrix without a copy.
    if (std::optional<Tensor> rows = view::try_reshape(a, {row_count(a), a.size(-1)})) {
      Shape shape = leading_shape(a);
      shape.push_back(b.size(-1));
      return view::reshape(multiply(*rows, b, precision), shape);
    }
  }
  if (a.dim() == 2 && b.dim() == 2) return multiply(a, b, precision);
  return multiply_batched(a, b, broadcast_shapes("matmul", batch_shape(a), batch_shape(b)),
                          precision);
}

Tensor transposed(const Tensor& x) { return view::transpose(x, -2, -1); }

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b, Precision precision) {
  check_f32("matmul", {&a, &b});
  if (a.dim() == 0 || b.dim() == 0) fail("matmul", "a scalar is no matrix");
  const Tensor left = a.dim() == 1 ? view::unsqueeze(a, 0) : a;
  const Tensor right = b.dim() == 1 ? view::unsqueeze(b, 1) : b;
  Tensor c = product(left, right, precision);
  if (b.dim() == 1) c = view::squeeze(c, -1);
  if (a.dim() == 1) c = view::squeeze(c, b.dim() == 1 ? -1 : -2);
  return c;
}

Tensor linear(const Tensor& x, const Tensor& w, Precision precision) {
  check_f32("linear", {&x, &w});
  if (w.dim() != 2 || x.dim() == 0) {
    fail("linear", "{} by {}", to_string(x.shape()), to_string(w.shape()));
  }
  if (x.size(-1) != w.size(1)) {
    fail("linear", "the input has {} features, the weight {}", x.size(-1), w.size(1));
  }
  Shape shape = leading_shape(x);
  shape.push_back(w.size(0));
  return view::reshape(multiply(as_rows(x), transposed(w), precision), shape);
}

Tensor linear_backward_input(const Tensor& gradient, const Tensor& w, Precision precision) {
  check_f32("linear_backward_input", {&gradient, &w});
  Shape shape = leading_shape(gradient);
  shape.push_back(w.size(1));
  return view::reshape(multiply(as_rows(gradient), w, precision), shape);
}

Tensor linear_backward_weight(const Tensor& gradient, const Tensor& x, Precision precision) {
  check_f32("linear_backward_weight", {&gradient, &x});
  return multiply(transposed(as_rows(gradient)), as_rows(x), precision);
}

MatmulGradients matmul_backward(const Tensor& gradient, const Tensor& a, const Tensor& b,
                                bool need_a, bool need_b, Precision precision) {
  check_f32("matmul_backward", {&gradient, &a, &b});
  const Tensor left = a.dim() == 1 ? view::unsqueeze(a, 0) : a;
  const Tensor right = b.dim() == 1 ? view::unsqueeze(b, 1) : b;
  Tensor g = gradient;
  if (a.dim() == 1) g = view::unsqueeze(g, b.dim() == 1 ? 0 : -2);
  if (b.dim() == 1) g = view::unsqueeze(g, -1);
  MatmulGradients result;
  if (need_a) {
    result.a =
        view::reshape(sum_to(product(g, transposed(right), precision), left.shape()), a.shape());
  }
  if (need_b) {
    const bool is_weight = right.dim() == 2 && left.dim() > 2;
    result.b = is_weight ? linear_backward_weight(left, g, precision)
                         : sum_to(product(transposed(left), g, precision), right.shape());
    result.b = view::reshape(result.b, b.shape());
  }
  return result;
}

}  // namespace pg::ops
