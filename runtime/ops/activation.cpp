// See activation.h.
#include "runtime/ops/activation.h"

#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/kernel_table.h"

namespace pg::ops {

namespace {

/// Rows up to this length are held in one tile: in a CPU's cache, in a GPU's registers.
constexpr std::int64_t longest_held_row = 4096, longest_held_on_gpu = 32768;

/// x with `axis` moved to the end, and back.
Tensor axis_last(const Tensor& x, int axis) {
  return axis == x.dim() - 1 ? x : view::transpose(x, axis, x.dim() - 1);
}

int checked_axis(const char* op, const Tensor& x, int axis) {
  if (x.dim() == 0) fail(op, "a scalar has no axis");
  return normalize_axis(op, axis, x.dim());
}

const Kernel& held_kernel(std::int64_t n) {
  static KernelTable<10> table;
  std::size_t i = 0;
  while ((std::int64_t{64} << i) < n) ++i;
  return table.get(i, [&] {
    return builtin_kernel("softmax.tile", "softmax", {{"B", std::to_string(64 << i)}});
  });
}

/// A CPU streams: it finds the row in its cache the second time.
const Kernel& gradient_kernel(bool log, const Tensor& rows) {
  static KernelTable<16> table;
  std::size_t choice = 0;  // of the block: 256, then 256 << choice, which holds the row
  const std::int64_t n = rows.size(1);
  if (rows.device().is_cuda() && n > 256 && n <= longest_held_on_gpu) {
    while ((std::int64_t{256} << choice) < n) ++choice;
  }
  return table.get(choice * 2 + (log ? 1 : 0), [&] {
    return builtin_kernel("softmax.tile", "softmax_gradient",
                          {{"LOG", log ? "true" : "false"},
                           {"B", std::to_string(256 << choice)},
                           {"IS_HELD", choice > 0 ? "true" : "false"}});
  });
}

Tensor streamed(const Tensor& rows, bool log) {
  static const Kernel statistics = builtin_kernel("softmax.tile", "softmax_statistics");
  static const Kernel plain = builtin_kernel("softmax.tile", "softmax_apply", {{"LOG", "false"}});
  static const Kernel logarithm =
      builtin_kernel("softmax.tile", "softmax_apply", {{"LOG", "true"}});
  Tensor largest = new_result("softmax", rows, {rows.shape()[0]});
  Tensor total = new_result("softmax", rows, {rows.shape()[0]});
  Tensor y = new_result("softmax", rows, rows.shape());
  launch(statistics, rows, largest, total);
  launch(log ? logarithm : plain, rows, largest, total, y);
  return y;
}

Tensor forward(const char* op, const Tensor& x, int axis, bool log) {
  check_f32(op, {&x});
  const int dim = checked_axis(op, x, axis);
  const Tensor moved = axis_last(x, dim);
  if (moved.numel() == 0) return new_result(op, x, x.shape());
  const Tensor rows = as_rows(moved);
  Tensor y;
  const std::int64_t longest = x.device().is_cuda() ? longest_held_on_gpu : longest_held_row;
  if (log || rows.shape()[1] > longest) {
    y = streamed(rows, log);
  } else {
    y = new_result(op, rows, rows.shape());
    launch(held_kernel(rows.shape()[1]), rows, y);
  }
  return contiguous(axis_last(view::reshape(y, moved.shape()), dim));
}

Tensor backward(const char* op, const Tensor& gradient, const Tensor& y, int axis, bool log) {
  check_f32(op, {&gradient, &y});
  check_shape(op, "gradient", gradient, y.shape());
  const int dim = checked_axis(op, y, axis);
  const Tensor moved = axis_last(y, dim);
  const Tensor rows = as_rows(moved);
  Tensor dx = new_result(op, rows, rows.shape());
  if (dx.numel() > 0) {
    launch(gradient_kernel(log, rows), as_rows(axis_last(gradient, dim)), rows, dx);
  }
  return contiguous(axis_last(view::reshape(dx, moved.shape()), dim));
}

}  // namespace

Tensor softmax(const Tensor& x, int axis) { return forward("softmax", x, axis, false); }
Tensor log_softmax(const Tensor& x, int axis) { return forward("log_softmax", x, axis, true); }
Tensor softmax_backward(const Tensor& gradient, const Tensor& y, int axis) {
  return backward("softmax_backward", gradient, y, axis, false);
}
Tensor log_softmax_backward(const Tensor& gradient, const Tensor& y, int axis) {
  return backward("log_softmax_backward", gradient, y, axis, true);
}

Tensor swiglu(const Tensor& gate, const Tensor& up) {
  check_f32("swiglu", {&gate, &up});
  check_shape("swiglu", "up", up, gate.shape());
  static const Kernel kernel = builtin_kernel("swiglu.tile", "swiglu");
  const Tensor g = as_rows(gate);
  Tensor y = new_result("swiglu", g, g.shape());
  if (y.numel() > 0) launch(kernel, g, as_rows(up), y);
  return view::reshape(y, gate.shape());
}

SwigluGradients swiglu_backward(const Tensor& gradient, const Tensor& gate, const Tensor& up) {
  check_f32("swiglu_backward", {&gradient, &gate, &up});
  check_shape("swiglu_backward", "up", up, gate.shape());
  check_shape("swiglu_backward", "gradient", gradient, gate.shape());
  static const Kernel kernel = builtin_kernel("swiglu.tile", "swiglu_gradient");
  const Tensor g = as_rows(gate);
  Tensor dgate = new_result("swiglu_backward", g, g.shape());
  Tensor dup = new_result("swiglu_backward", g, g.shape());
  if (dgate.numel() > 0) launch(kernel, as_rows(gradient), g, as_rows(up), dgate, dup);
  return {view::reshape(dgate, gate.shape()), view::reshape(dup, gate.shape())};
}

}  // namespace pg::ops
