// See norm.h.
#include "runtime/ops/norm.h"

#include "runtime/ops/checks.h"
#include "runtime/ops/kernel_table.h"
#include "runtime/ops/reduce.h"

namespace pg::ops {

namespace {

void check_weight(const Tensor& x, const Tensor& w) {
  if (x.dim() == 0) fail("rms_norm", "a scalar has no rows");
  if (w.dim() != 1 || w.numel() != x.size(-1)) {
    fail("rms_norm", "weight has {} elements, the last dimension {}", w.numel(), x.size(-1));
  }
}

/// On a GPU rows up to this length are held in registers, and read once. (A CPU has them in its
/// cache.)
constexpr std::int64_t longest_held_row = 8192;

bool is_held(const Tensor& rows) {
  return rows.device().is_cuda() && rows.size(-1) > 256 && rows.size(-1) <= longest_held_row;
}

/// Handles of a streaming kernel by block length.
class RowKernels {
 public:
  RowKernels(const char* file, const char* name) : file_(file), name_(name) {}
  const Kernel& get(std::int64_t row_length) {
    const std::size_t lanes = lane_choice(row_length);
    return table_.get(lanes, [&] {
      return builtin_kernel(file_, name_, {{"B", std::to_string(lane_count(lanes))}});
    });
  }

 private:
  const char* file_;
  const char* name_;
  KernelTable<lane_choices> table_;
};

const Kernel& held_kernel(std::int64_t row_length) {
  static KernelTable<held_choices> table;
  const std::size_t choice = held_choice(row_length);
  return table.get(choice, [&] {
    return builtin_kernel("rmsnorm.tile", "rmsnorm",
                          {{"B", std::to_string(held_count(choice))}, {"IS_HELD", "true"}});
  });
}

const Kernel& held_gradients(std::int64_t row_length) {
  static KernelTable<held_choices> table;
  const std::size_t choice = held_choice(row_length);
  return table.get(choice, [&] {
    const int block = held_count(choice);
    return builtin_kernel("rmsnorm.tile", "rmsnorm_gradients",
                          {{"B", std::to_string(block)}, {"U", block <= 2048 ? "2" : "1"}});
  });
}

}  // namespace

RmsNormResult rms_norm(const Tensor& x, const Tensor& w, double eps) {
  check_f32("rms_norm", {&x, &w});
  check_weight(x, w);
  static RowKernels streaming("rmsnorm.tile", "rmsnorm");
  const Tensor rows = as_rows(x);
  Tensor y = new_result("rms_norm", x, rows.shape());
  Tensor rstd = new_result("rms_norm", x, {rows.shape()[0]});
  if (rstd.numel() > 0) {
    const bool held = is_held(rows);
    launch(held ? held_kernel(w.numel()) : streaming.get(w.numel()), rows, w, eps, y, rstd);
  }
  return {view::reshape(y, x.shape()), view::reshape(rstd, leading_shape(x))};
}

RmsNormGradients rms_norm_backward(const Tensor& gradient, const Tensor& x, const Tensor& w,
                                   const Tensor& rstd) {
  check_f32("rms_norm_backward", {&gradient, &x, &w, &rstd});
  check_weight(x, w);
  check_shape("rms_norm_backward", "gradient", gradient, x.shape());
  check_shape("rms_norm_backward", "rstd", rstd, leading_shape(x));
  static RowKernels for_input("rmsnorm.tile", "rmsnorm_input_gradient");
  static const Kernel for_weight = builtin_kernel("rmsnorm.tile", "rmsnorm_weight_gradient");
  const Tensor rows = as_rows(x);
  const Tensor g = as_rows(gradient);
  const Tensor s = view::reshape(rstd, {rows.shape()[0]});
  Tensor dx = new_result("rms_norm_backward", x, rows.shape());
  if (dx.numel() == 0) return {view::reshape(dx, x.shape()), zeros_like(w)};
  const std::int64_t segments = (rows.shape()[0] + 65535) / 65536;
  if (is_held(rows)) {
    Tensor lanes = new_result("rms_norm_backward", x, {segments, 256, w.numel()});
    launch(held_gradients(w.numel()), g, rows, w, s, dx, lanes);
    return {view::reshape(dx, x.shape()), sum(sum(lanes, {1}), {0})};
  }
  launch(for_input.get(w.numel()), g, rows, w, s, dx);
  Tensor parts = new_result("rms_norm_backward", x, {segments, w.numel()});
  launch(for_weight, g, rows, s, parts);
  return {view::reshape(dx, x.shape()), sum(parts, {0})};
}

StandardizeResult standardize(const Tensor& x, double eps) {
  check_f32("layer_norm", {&x});
  if (x.dim() == 0) fail("layer_norm", "a scalar has no rows");
  static RowKernels kernels("layernorm.tile", "standardize");
  const Tensor rows = as_rows(x);
  Tensor y = new_result("layer_norm", x, rows.shape());
  Tensor rstd = new_result("layer_norm", x, {rows.shape()[0]});
  if (y.numel() > 0) launch(kernels.get(rows.shape()[1]), rows, eps, y, rstd);
  return {view::reshape(y, x.shape()), view::reshape(rstd, leading_shape(x))};
}

Tensor standardize_backward(const Tensor& gradient, const Tensor& y, const Tensor& rstd) {
  check_f32("layer_norm_backward", {&gradient, &y, &rstd});
  check_shape("layer_norm_backward", "gradient", gradient, y.shape());
  static RowKernels kernels("layernorm.tile", "standardize_gradient");
  const Tensor rows = as_rows(y);
  Tensor dx = new_result("layer_norm_backward", y, rows.shape());
  if (dx.numel() > 0) {
    launch(kernels.get(rows.shape()[1]), as_rows(gradient), rows,
           view::reshape(rstd, {rows.shape()[0]}), dx);
  }
  return view::reshape(dx, y.shape());
}

}  // namespace pg::ops
