// See checks.h.
#include "runtime/ops/checks.h"

#include "runtime/ops/copy.h"

namespace pg::ops {

void check_defined(std::string_view op, const Tensor& x) {
  if (!x.defined()) fail(op, "undefined tensor");
}

void check_f32(std::string_view op, std::initializer_list<const Tensor*> tensors) {
  for (const Tensor* x : tensors) {
    check_defined(op, *x);
    if (x->dtype() != DType::F32) fail(op, "does not take {} tensors", name_of(x->dtype()));
  }
}

void check_ids(std::string_view op, std::string_view what, const Tensor& ids) {
  check_defined(op, ids);
  if (!is_integer(ids.dtype())) fail(op, "{} are {}, not i32 or i64", what, name_of(ids.dtype()));
}

void check_shape(std::string_view op, std::string_view what, const Tensor& x, const Shape& shape) {
  check_defined(op, x);
  if (x.shape() == shape) return;
  fail(op, "{} is {}, not {}", what, to_string(x.shape()), to_string(shape));
}

std::int64_t row_count(const Tensor& x) {
  std::int64_t rows = 1;
  for (int d = 0; d + 1 < x.dim(); ++d) rows *= x.shape()[d];
  return rows;
}

Shape leading_shape(const Tensor& x) {
  Shape shape = x.shape();
  if (!shape.empty()) shape.erase(shape.size() - 1);
  return shape;
}

Tensor as_rows(const Tensor& x) {
  if (x.dim() == 2) return x;
  return reshape(x, {row_count(x), x.dim() == 0 ? 1 : x.shape().back()});
}

Tensor start_tensor(std::string_view op, const Tensor& start, std::int64_t otherwise) {
  if (!start.defined()) return from_data(std::vector<std::int64_t>{otherwise}, {1});
  if (start.dtype() != DType::I64 || start.numel() != 1) {
    fail(op, "start is {}, not one i64", describe(start));
  }
  return start.dim() == 1 ? start : view::reshape(start, {1});
}

}  // namespace pg::ops
