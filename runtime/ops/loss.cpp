// See loss.h.
#include "runtime/ops/loss.h"

#include <limits>

#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/kernel_table.h"

namespace pg::ops {

namespace {

Tensor flat_targets(std::string_view op, const Tensor& logits, const Tensor& targets) {
  check_f32(op, {&logits});
  check_ids(op, "targets", targets, logits);
  if (logits.dim() == 0 || logits.size(-1) == 0) {
    fail(op, "no classes in {}", to_string(logits.shape()));
  }
  check_shape(op, "the shape of the targets", targets, leading_shape(logits));
  return reshape(contiguous(targets), {targets.numel()});
}

Kernel make_gradient(DType targets) {
  return builtin_kernel("cross_entropy.tile", "cross_entropy_gradient",
                        {{"I", std::string(name_of(targets))}});
}

}  // namespace

Tensor checked_targets(std::string_view op, const Tensor& logits, const Tensor& targets) {
  const Tensor flat = flat_targets(op, logits, targets);
  constexpr std::int64_t ignored = std::numeric_limits<std::int64_t>::min();  // any negative one
  if (const auto wrong = find_outside(flat, ignored, logits.size(-1))) {
    fail(op, "target {} at position {} is outside {} classes", wrong->value, wrong->position,
         logits.size(-1));
  }
  return flat;
}

CrossEntropyResult cross_entropy_rows(const Tensor& logits, const Tensor& targets) {
  const Tensor flat = checked_targets("cross_entropy", logits, targets);
  // Rows of more than one block take eight at a time.
  static KernelTable<2 * (lane_choices + 1)> table;
  const bool is_long = logits.size(-1) > lane_count(lane_choices - 1);
  const std::size_t lanes = lane_choice(logits.size(-1));
  const std::size_t index =
      (is_long ? lane_choices : lanes) * 2 + (flat.dtype() == DType::I32 ? 0 : 1);
  const Kernel& kernel = table.get(index, [&] {
    return builtin_kernel("cross_entropy.tile", "cross_entropy",
                          {{"I", std::string(name_of(flat.dtype()))},
                           {"B", std::to_string(lane_count(lanes))},
                           {"U", is_long ? "8" : "1"}});
  });
  Tensor losses = new_result("cross_entropy", logits, {flat.numel()});
  Tensor lse = new_result("cross_entropy", logits, {flat.numel()});
  if (flat.numel() > 0) launch(kernel, as_rows(logits), flat, losses, lse);
  return {view::reshape(losses, targets.shape()), view::reshape(lse, targets.shape())};
}

Tensor cross_entropy_backward(const Tensor& gradient, const Tensor& logits, const Tensor& targets,
                              const Tensor& lse) {
  const Tensor flat = flat_targets("cross_entropy_backward", logits, targets);
  check_f32("cross_entropy_backward", {&gradient, &logits, &lse});
  check_shape("cross_entropy_backward", "lse", lse, targets.shape());
  if (gradient.numel() != 1) {
    check_shape("cross_entropy_backward", "gradient", gradient, targets.shape());
  }
  static KernelTable<2> table;
  const Kernel& kernel =
      table.get(flat.dtype() == DType::I32 ? 0 : 1, [&] { return make_gradient(flat.dtype()); });
  const Tensor rows = as_rows(logits);
  const std::int64_t n = flat.numel();
  const Tensor g = gradient.numel() == 1 ? view::expand(view::reshape(gradient, {1}), {n})
                                         : reshape(gradient, {n});
  Tensor dx = new_result("cross_entropy_backward", logits, rows.shape());
  if (dx.numel() > 0) launch(kernel, g, rows, flat, reshape(lse, {n}), dx);
  return view::reshape(dx, logits.shape());
}

}  // namespace pg::ops
