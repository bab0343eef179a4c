// See scan.h.
#include "runtime/ops/scan.h"

#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/kernel_table.h"

namespace pg::ops {

Tensor cumsum(const Tensor& x, int axis) {
  check_defined("cumsum", x);
  if (x.dim() == 0) return view::reshape(cumsum(view::reshape(x, {1}), axis), {});
  const int dim = normalize_axis("cumsum", axis, x.dim());
  if (x.dtype() == DType::Bool || x.dtype() == DType::I32) return cumsum(cast(x, DType::I64), dim);
  Tensor y = new_result("cumsum", x, x.shape(), x.dtype());
  if (y.numel() == 0) return y;
  static KernelTable<dtype_count> table;
  const Kernel& kernel = table.get(slot_of(x.dtype()), [&] {
    return builtin_kernel("scan.tile", "running_sum", {{"X", std::string(name_of(x.dtype()))}});
  });
  const Shape parts = three_parts(x.shape(), dim);
  launch(kernel, reshape(x, parts), view::reshape(y, parts));
  return y;
}

Tensor search_sorted(const Tensor& sorted, const Tensor& values, bool or_equal) {
  check_defined("searchsorted", sorted);
  check_defined("searchsorted", values);
  check_same_device("searchsorted", {&sorted, &values});
  const bool fits = sorted.dtype() == values.dtype() && sorted.dtype() != DType::Bool &&
                    sorted.dim() > 0 && values.dim() > 0 &&
                    leading_shape(sorted) == leading_shape(values);
  if (!fits) {
    fail("searchsorted", "{} cannot be searched for {}", describe(sorted), describe(values));
  }
  Tensor places = new_result("searchsorted", values, values.shape(), DType::I64);
  if (places.numel() == 0) return places;
  if (sorted.size(-1) == 0) return zeros(values.shape(), DType::I64, values.device());
  static KernelTable<2 * dtype_count> table;
  const Kernel& kernel = table.get(slot_of(sorted.dtype()) * 2 + (or_equal ? 1 : 0), [&] {
    return builtin_kernel(
        "scan.tile", "search",
        {{"OR_EQUAL", or_equal ? "true" : "false"}, {"X", std::string(name_of(sorted.dtype()))}});
  });
  launch(kernel, as_rows(sorted), as_rows(values), view::reshape(places, {-1, values.size(-1)}));
  return places;
}

}  // namespace pg::ops
