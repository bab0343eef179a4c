// See reduce.h. A reduction is brought to one of two forms: the reduced axes last ("rows"), or,
// when that would read memory across its unit stride, in the middle of [outer, outer, n, inner]
// ("columns").
#include "runtime/ops/reduce.h"

#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/elementwise.h"
#include "runtime/ops/fill.h"
#include "runtime/ops/kernel_table.h"

namespace pg::ops {

namespace {

constexpr std::int64_t segment_length = 65536;

/// [1, 1, rows, n]: rows are what remains, n what is reduced. A view where strides allow it.
Tensor as_row_form(const Tensor& x, const Dims& axes) {
  const Tensor moved = view::permute(x, order_with_last(axes, x.dim()));
  const int kept = x.dim() - axes.size();
  return reshape(moved, {1, 1, count_between(moved.shape(), 0, kept),
                         count_between(moved.shape(), kept, moved.dim())});
}

/// [1, outer, n, inner] when the reduced axes are neighbours, not last, and the last axis is the
/// one with unit stride.
std::optional<Tensor> as_column_form(const Tensor& x, const Dims& axes) {
  if (axes.empty()) return std::nullopt;
  const int first = static_cast<int>(axes[0]);
  const int end = static_cast<int>(axes.back()) + 1;
  if (end - first != axes.size() || end == x.dim()) return std::nullopt;
  const std::int64_t inner = count_between(x.shape(), end, x.dim());
  if (inner == 1 || x.strides().back() != 1) return std::nullopt;
  return view::try_reshape(
      x, {1, count_between(x.shape(), 0, first), count_between(x.shape(), first, end), inner});
}

struct Problem {
  const char* op;
  Dims axes;
  Shape result_shape;
};

Problem prepare(const char* op, const Tensor& x, const Dims& axes, bool keepdim) {
  check_defined(op, x);
  Problem problem{op, normalize_axes(op, axes, x.dim()), {}};
  problem.result_shape = reduced_shape(x.shape(), problem.axes, keepdim);
  return problem;
}

std::int64_t segments(std::int64_t n) { return (n + segment_length - 1) / segment_length; }

/// The length of a single row is often a number of tokens, which must not choose the kernel.
const Kernel& sum_rows_kernel(bool squares, std::int64_t rows, std::int64_t n) {
  static KernelTable<2 * lane_choices> table;
  const std::size_t lanes = rows == 1 ? lane_choices - 1 : lane_choice(n);
  return table.get(lanes * 2 + (squares ? 1 : 0), [&] {
    return builtin_kernel(
        "reduce.tile", "sum_rows",
        {{"F", squares ? "square" : "identity"}, {"B", std::to_string(lane_count(lanes))}});
  });
}

/// x [1, 1, R, n] to y [1, 1, R, 1]; the sum of squares of x if asked for.
void sum_row_form(Tensor x, bool squares, const Tensor& y) {
  const std::int64_t rows = x.shape()[2];
  if (rows == 0) return;
  if (x.shape()[3] == 0) {
    fill_(y, 0.0);
    return;
  }
  for (;;) {
    const std::int64_t parts = segments(x.shape()[3]);
    const Tensor sums = parts == 1 ? y : new_result("sum", x, {1, 1, rows, parts});
    launch(sum_rows_kernel(squares, rows, x.shape()[3]), x, sums);
    if (parts == 1) return;
    squares = false;
    x = sums;
  }
}

Tensor sum_column_form(Tensor x) {
  static const Kernel kernel = builtin_kernel("reduce.tile", "sum_columns");
  const std::int64_t outer = x.shape()[1];
  const std::int64_t inner = x.shape()[3];
  if (x.numel() == 0) return zeros({outer, inner}, DType::F32, x.device());
  for (;;) {
    Tensor y = new_result("sum", x, {1, outer, segments(x.shape()[2]), inner});
    launch(kernel, x, y);
    if (y.shape()[2] == 1) return y;
    x = y;
  }
}

Tensor extremum(const char* op, bool is_max, const Tensor& x, const Dims& axes, bool keepdim) {
  const Problem problem = prepare(op, x, axes, keepdim);
  if (x.dtype() == DType::Bool) {
    return cast(extremum(op, is_max, cast(x, DType::I32), axes, keepdim), DType::Bool);
  }
  if (x.numel() == 0) {
    if (element_count(op, problem.result_shape) == 0)
      return new_result(op, x, problem.result_shape, x.dtype());
    fail(op, "no elements along the reduced axes of {}", to_string(x.shape()));
  }
  static KernelTable<4 * dtype_count> table;
  const auto index = slot_of(x.dtype()) * 4 + (is_max ? 2 : 0);
  const auto make = [&](const char* kernel) {
    return builtin_kernel(
        "reduce.tile", kernel,
        {{"IS_MAX", is_max ? "true" : "false"}, {"X", std::string(name_of(x.dtype()))}});
  };
  if (const std::optional<Tensor> columns = as_column_form(x, problem.axes)) {
    const Kernel& kernel = table.get(index + 1, [&] { return make("extremum_columns"); });
    Tensor y = new_result(op, x, {1, columns->shape()[1], columns->shape()[3]}, x.dtype());
    launch(kernel, *columns, y);
    return view::reshape(y, problem.result_shape);
  }
  const Kernel& kernel = table.get(index, [&] { return make("extremum_rows"); });
  const Tensor rows = as_row_form(x, problem.axes);
  Tensor y = new_result(op, x, {1, 1, rows.shape()[2]}, x.dtype());
  launch(kernel, rows, y);
  return view::reshape(y, problem.result_shape);
}

Tensor arg_extremum(const char* op, bool is_max, const Tensor& x, int axis, bool keepdim) {
  check_defined(op, x);
  const int dim = normalize_axis(op, axis, x.dim());
  const Problem problem = prepare(op, x, {dim}, keepdim);
  if (x.dtype() == DType::Bool) {
    return arg_extremum(op, is_max, cast(x, DType::I32), axis, keepdim);
  }
  if (x.shape()[dim] == 0) fail(op, "no elements along dimension {}", dim);
  static KernelTable<2 * dtype_count> table;
  const auto index = slot_of(x.dtype()) * 2 + (is_max ? 1 : 0);
  const Kernel& kernel = table.get(index, [&] {
    return builtin_kernel(
        "reduce.tile", "arg_extremum_rows",
        {{"IS_MAX", is_max ? "true" : "false"}, {"X", std::string(name_of(x.dtype()))}});
  });
  const Tensor rows = as_row_form(x, problem.axes);
  Tensor y = new_result(op, x, {1, 1, rows.shape()[2]}, DType::I64);
  if (y.numel() > 0) launch(kernel, rows, y);
  return view::reshape(y, problem.result_shape);
}

Tensor logical(const char* op, bool is_any, const Tensor& x, const Dims& axes, bool keepdim) {
  const Problem problem = prepare(op, x, axes, keepdim);
  if (x.dtype() != DType::Bool) fail(op, "takes bool tensors, not {}", name_of(x.dtype()));
  static KernelTable<2> table;
  const Kernel& kernel = table.get(is_any ? 1 : 0, [&] {
    return builtin_kernel("reduce.tile", "logical_rows", {{"IS_ANY", is_any ? "true" : "false"}});
  });
  const Tensor rows = as_row_form(x, problem.axes);
  Tensor y = new_result(op, x, {1, 1, rows.shape()[2]}, DType::Bool);
  if (y.numel() > 0) launch(kernel, rows, y);
  return view::reshape(y, problem.result_shape);
}

Tensor integer_sum(const Tensor& x, const Problem& problem) {
  static KernelTable<dtype_count> table;
  const Kernel& kernel = table.get(slot_of(x.dtype()), [&] {
    return builtin_kernel("reduce.tile", "integer_sum_rows",
                          {{"X", std::string(name_of(x.dtype()))}});
  });
  const Tensor rows = as_row_form(x, problem.axes);
  Tensor y = new_result("sum", x, {1, 1, rows.shape()[2]}, DType::I64);
  if (y.numel() > 0) launch(kernel, rows, y);
  return view::reshape(y, problem.result_shape);
}

}  // namespace

Tensor sum(const Tensor& x, const Dims& axes, bool keepdim) {
  const Problem problem = prepare("sum", x, axes, keepdim);
  if (x.dtype() != DType::F32) return integer_sum(x, problem);
  if (const std::optional<Tensor> columns = as_column_form(x, problem.axes)) {
    return view::reshape(sum_column_form(*columns), problem.result_shape);
  }
  const Tensor rows = as_row_form(x, problem.axes);
  const Tensor y = new_result("sum", x, {1, 1, rows.shape()[2], 1});
  sum_row_form(rows, false, y);
  return view::reshape(y, problem.result_shape);
}

Tensor mean(const Tensor& x, const Dims& axes, bool keepdim) {
  check_f32("mean", {&x});
  const Tensor total = sum(x, axes, keepdim);
  const std::int64_t kept = total.numel();
  const double n = kept == 0 ? 1.0 : static_cast<double>(x.numel() / kept);
  return binary(BinaryOp::Div, total, n);
}

Tensor prod(const Tensor& x, const Dims& axes, bool keepdim) {
  const Problem problem = prepare("prod", x, axes, keepdim);
  if (x.dtype() == DType::Bool || x.dtype() == DType::I32) {
    return prod(cast(x, DType::I64), axes, keepdim);
  }
  static KernelTable<dtype_count> table;
  const Kernel& kernel = table.get(slot_of(x.dtype()), [&] {
    return builtin_kernel("reduce.tile", "product_rows", {{"X", std::string(name_of(x.dtype()))}});
  });
  const Tensor rows = as_row_form(x, problem.axes);
  Tensor y = new_result("prod", x, {1, 1, rows.shape()[2]}, x.dtype());
  if (y.numel() > 0) launch(kernel, rows, y);
  return view::reshape(y, problem.result_shape);
}

Tensor amax(const Tensor& x, const Dims& axes, bool keepdim) {
  return extremum("amax", true, x, axes, keepdim);
}
Tensor amin(const Tensor& x, const Dims& axes, bool keepdim) {
  return extremum("amin", false, x, axes, keepdim);
}
Tensor argmax(const Tensor& x, int axis, bool keepdim) {
  return arg_extremum("argmax", true, x, axis, keepdim);
}
Tensor argmin(const Tensor& x, int axis, bool keepdim) {
  return arg_extremum("argmin", false, x, axis, keepdim);
}
Tensor any(const Tensor& x, const Dims& axes, bool keepdim) {
  return logical("any", true, x, axes, keepdim);
}
Tensor all(const Tensor& x, const Dims& axes, bool keepdim) {
  return logical("all", false, x, axes, keepdim);
}

Tensor extremum_backward(const Tensor& gradient, const Tensor& x, const Tensor& extremum,
                         const Dims& axes) {
  check_f32("extremum_backward", {&gradient, &x, &extremum});
  const Problem problem = prepare("extremum_backward", x, axes, true);
  check_shape("extremum_backward", "gradient", gradient, problem.result_shape);
  check_shape("extremum_backward", "extremum", extremum, problem.result_shape);
  static const Kernel kernel = builtin_kernel("reduce.tile", "extremum_gradient_rows");
  const Tensor rows = as_row_form(x, problem.axes);
  const Shape flat{1, 1, rows.shape()[2]};
  Tensor dx = new_result("extremum_backward", x, rows.shape());
  if (dx.numel() > 0) launch(kernel, reshape(gradient, flat), rows, reshape(extremum, flat), dx);
  const Dims order = order_with_last(problem.axes, x.dim());
  Shape moved_shape;
  for (std::int64_t d : order) moved_shape.push_back(x.shape()[static_cast<int>(d)]);
  return contiguous(view::permute(view::reshape(dx, moved_shape), inverse_order(order)));
}

Tensor sum_to(const Tensor& x, const Shape& shape) {
  check_f32("sum_to", {&x});
  if (x.shape() == shape) return x;
  const int added = x.dim() - shape.size();
  if (added < 0 || broadcast_shapes("sum_to", shape, x.shape()) != x.shape()) {
    fail("sum_to", "{} is not broadcast from {}", to_string(x.shape()), to_string(shape));
  }
  Dims axes;
  for (int d = 0; d < x.dim(); ++d) {
    if (d < added || (shape[d - added] == 1 && x.shape()[d] != 1)) axes.push_back(d);
  }
  if (axes.empty()) return view::reshape(x, shape);
  return view::reshape(sum(x, axes, true), shape);
}

Tensor sum_squares(const Tensor& x) {
  check_f32("sum_squares", {&x});
  Tensor y = new_result("sum_squares", x, {});
  sum_squares_(y, x);
  return y;
}

void sum_squares_(const Tensor& destination, const Tensor& x) {
  check_f32("sum_squares", {&destination, &x});
  check_shape("sum_squares", "destination", destination, {});
  sum_row_form(reshape(x, {1, 1, 1, x.numel()}), true, view::reshape(destination, {1, 1, 1, 1}));
  destination.mark_written();
}

}  // namespace pg::ops
