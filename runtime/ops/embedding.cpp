// See embedding.h.
#include "runtime/ops/embedding.h"

#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/kernel_table.h"

namespace pg::ops {

namespace {

Kernel make(const char* kernel, DType ids) {
  return builtin_kernel("embedding.tile", kernel, {{"I", std::string(name_of(ids))}});
}

Tensor flat_ids(const Tensor& ids) { return reshape(contiguous(ids), {ids.numel()}); }

}  // namespace

Tensor embedding(const Tensor& weight, const Tensor& ids) {
  check_f32("embedding", {&weight});
  check_ids("embedding", "ids", ids, weight);
  if (weight.dim() != 2)
    fail("embedding", "the table is {}, not a matrix", to_string(weight.shape()));
  const Tensor flat = flat_ids(ids);
  if (const auto wrong = find_outside(flat, 0, weight.size(0))) {
    fail("embedding", "id {} at position {} is outside the table of {} rows", wrong->value,
         wrong->position, weight.size(0));
  }
  static KernelTable<2> table;
  const Kernel& kernel =
      table.get(ids.dtype() == DType::I32 ? 0 : 1, [&] { return make("embedding", ids.dtype()); });
  Tensor y = new_result("embedding", weight, {flat.numel(), weight.size(1)});
  if (y.numel() > 0) launch(kernel, weight, flat, y);
  Shape shape = ids.shape();
  shape.push_back(weight.size(1));
  return view::reshape(y, shape);
}

Tensor embedding_backward(const Tensor& gradient, const Tensor& ids, std::int64_t rows) {
  check_f32("embedding_backward", {&gradient});
  check_ids("embedding_backward", "ids", ids, gradient);
  Shape expected = ids.shape();
  expected.push_back(gradient.dim() == 0 ? 1 : gradient.size(-1));
  check_shape("embedding_backward", "gradient", gradient, expected);
  static KernelTable<2> table;
  const Kernel& kernel = table.get(ids.dtype() == DType::I32 ? 0 : 1,
                                   [&] { return make("embedding_gradient", ids.dtype()); });
  Tensor dw = new_result("embedding_backward", gradient, {rows, gradient.size(-1)});
  if (dw.numel() > 0) launch(kernel, as_rows(gradient), flat_ids(ids), dw);
  return dw;
}

}  // namespace pg::ops
