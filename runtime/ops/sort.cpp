// See sort.h.
#include "runtime/ops/sort.h"

#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/kernel_table.h"

namespace pg::ops {

ValuesAndIndices sort(const Tensor& x, bool descending) {
  check_defined("sort", x);
  if (x.dim() == 0) fail("sort", "a scalar has no axis");
  if (x.dtype() == DType::Bool) {
    const ValuesAndIndices found = sort(cast(x, DType::I32), descending);
    return {cast(found.values, DType::Bool), found.indices};
  }
  const std::int64_t n = x.size(-1);
  const Tensor row = arange(0, n, 1, DType::I64, x.device());
  Tensor places = clone(view::expand(row, x.shape()));
  if (x.numel() == 0 || n == 1) return {clone(x), places};
  static KernelTable<2 * dtype_count> table;
  const auto slot = slot_of(x.dtype()) * 2 + (descending ? 1 : 0);
  const Kernel& kernel = table.get(slot, [&] {
    return builtin_kernel(
        "sort.tile", "merge_runs",
        {{"IS_DESCENDING", descending ? "true" : "false"}, {"X", std::string(name_of(x.dtype()))}});
  });
  Tensor keys = as_rows(x);
  places = as_rows(places);
  for (std::int64_t run = 1; run < n; run *= 2) {
    Tensor sorted = new_result("sort", keys, keys.shape(), x.dtype());
    Tensor sorted_places = new_result("sort", keys, keys.shape(), DType::I64);
    launch(kernel, keys, places, run, sorted, sorted_places);
    keys = sorted;
    places = sorted_places;
  }
  return {view::reshape(keys, x.shape()), view::reshape(places, x.shape())};
}

}  // namespace pg::ops
