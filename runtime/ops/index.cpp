// See index.h.
#include "runtime/ops/index.h"

#include <algorithm>

#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/elementwise.h"
#include "runtime/ops/kernel_table.h"
#include "runtime/ops/scan.h"

namespace pg::ops {

namespace {

const Kernel& reading_kernel(const char* name, KernelTable<dtype_count>& table, DType type) {
  return table.get(slot_of(type), [&] {
    return builtin_kernel("index.tile", name, {{"X", std::string(name_of(type))}});
  });
}

const Kernel& writing_kernel(const char* name, KernelTable<2 * dtype_count>& table, DType type,
                             bool is_sum) {
  if (is_sum && type == DType::Bool) fail(name, "does not add bool tensors");
  return table.get(slot_of(type) * 2 + (is_sum ? 1 : 0), [&] {
    return builtin_kernel(
        "index.tile", name,
        {{"IS_SUM", is_sum ? "true" : "false"}, {"X", std::string(name_of(type))}});
  });
}

/// Packed i64 indices in [0, size); negative ones count from the end if they may.
Tensor checked_ids(std::string_view op, const Tensor& index, std::int64_t size, int axis,
                   bool allows_negative, const Tensor& x) {
  check_ids(op, "indices", index, x);
  const Tensor ids = contiguous(cast(index, DType::I64));
  if (ids.numel() == 0) return ids;
  const std::int64_t lowest = allows_negative ? -size : 0;
  if (const auto wrong = find_outside(view::reshape(ids, {ids.numel()}), lowest, size)) {
    fail(op, "index {} at position {} is out of range for axis {} of size {}", wrong->value,
         wrong->position, axis, size);
  }
  if (value_range(ids).lowest >= 0) return ids;
  return where(binary(BinaryOp::Lt, ids, 0.0),
               binary(BinaryOp::Add, ids, static_cast<double>(size)), ids);
}

}  // namespace

IndexPlan plan_index(std::string_view op, const Tensor& x, std::span<const IndexedDims> dims) {
  check_defined(op, x);
  // Indices of the indexed dimensions together, in row-major order of those.
  Shape index_shape;
  for (const IndexedDims& part : dims) {
    check_defined(op, part.index);
    index_shape = broadcast_shapes(op, index_shape, part.index.shape());
  }
  bool is_indexed[kMaxRank] = {};
  bool are_neighbours = true;
  int end = dims.front().first;
  Tensor merged;
  std::int64_t rows = 1;
  for (const IndexedDims& part : dims) {
    const std::int64_t size = count_between(x.shape(), part.first, part.first + part.count);
    const Tensor ids = checked_ids(op, part.index, size, part.first, true, x);
    merged =
        merged.defined()
            ? binary(BinaryOp::Add, binary(BinaryOp::Mul, merged, static_cast<double>(size)), ids)
            : ids;
    rows *= size;
    are_neighbours = are_neighbours && part.first == end;
    end = part.first + part.count;
    std::fill_n(is_indexed + part.first, part.count, true);
  }
  IndexPlan plan;
  const int front = are_neighbours ? dims.front().first : 0;
  for (int d = 0; d < front; ++d) plan.order.push_back(d);
  for (int d = 0; d < x.dim(); ++d) {
    if (is_indexed[d]) plan.order.push_back(d);
  }
  const int indexed = plan.order.size() - front;
  for (int d = front; d < x.dim(); ++d) {
    if (!is_indexed[d]) plan.order.push_back(d);
  }
  std::int64_t inner = 1;
  for (int i = 0; i < front; ++i) plan.result.push_back(x.shape()[i]);
  for (std::int64_t size : index_shape) plan.result.push_back(size);
  for (int i = front + indexed; i < x.dim(); ++i) {
    plan.result.push_back(x.shape()[static_cast<int>(plan.order[i])]);
    inner *= plan.result.back();
  }
  plan.flat = {count_between(x.shape(), 0, front), rows, inner};
  plan.ids = reshape(view::expand(merged, index_shape), {-1});
  if (merged.numel() == 0) plan.ids = zeros({0}, DType::I64, x.device());
  return plan;
}

Tensor nonzero_places(const Tensor& mask) {
  check_defined("nonzero", mask);
  if (mask.dtype() != DType::Bool) fail("nonzero", "takes bool tensors, not {}", describe(mask));
  if (mask.numel() == 0) return zeros({0}, DType::I64, mask.device());
  const Tensor flat = reshape(mask, {mask.numel()});
  const Tensor counts = cumsum(cast(flat, DType::I64), 0);
  const auto total = view::select(counts, 0, -1).item<std::int64_t>();
  // The k-th place is the first one up to which k elements hold.
  return search_sorted(counts, arange(1, total + 1, 1, DType::I64, mask.device()), false);
}

Tensor take(const Tensor& x, const Tensor& ids) {
  static KernelTable<dtype_count> table;
  Tensor y = new_result("index", x, {x.shape()[0], ids.shape()[0], x.shape()[2]}, x.dtype());
  if (y.numel() > 0) launch(reading_kernel("take", table, x.dtype()), x, ids, y);
  return y;
}

void put_(const Tensor& x, const Tensor& ids, const Tensor& g, bool is_sum) {
  static KernelTable<2 * dtype_count> table;
  check_shape("index_put_", "the values", g, {x.shape()[0], ids.shape()[0], x.shape()[2]});
  const Kernel& kernel = writing_kernel("put", table, x.dtype(), is_sum);
  if (g.numel() > 0) launch(kernel, g, ids, x);
  x.mark_written();
}

Tensor checked_along(std::string_view op, const Tensor& x, int axis, const Tensor& ids) {
  check_defined(op, x);
  check_defined(op, ids);
  const int dim = normalize_axis(op, axis, x.dim());
  if (ids.dim() != x.dim()) {
    fail(op, "the index has {} dimensions, the tensor {}", ids.dim(), x.dim());
  }
  Shape expected = x.shape();
  expected[dim] = ids.shape()[dim];
  check_shape(op, "the index", ids, expected);
  return checked_ids(op, ids, x.shape()[dim], dim, false, x);
}

Tensor gather(const Tensor& x, int axis, const Tensor& ids) {
  const int dim = normalize_axis("gather", axis, x.dim());
  static KernelTable<dtype_count> table;
  Tensor y = new_result("gather", x, {ids.numel()}, x.dtype());
  const Shape parts = three_parts(x.shape(), dim);
  if (y.numel() > 0) {
    launch(reading_kernel("gather", table, x.dtype()), reshape(x, {x.numel()}),
           reshape(ids, {ids.numel()}), parts[1], ids.shape()[dim], parts[2], y);
  }
  return view::reshape(y, ids.shape());
}

void scatter_(const Tensor& x, int axis, const Tensor& ids, const Tensor& g, bool is_sum) {
  const char* op = is_sum ? "scatter_add" : "scatter";
  check_defined(op, g);
  check_shape(op, "the source", g, ids.shape());
  check_same_device(op, {&x, &g});
  if (g.dtype() != x.dtype()) fail(op, "the source is {}, the tensor {}", describe(g), describe(x));
  const int dim = normalize_axis(op, axis, x.dim());
  static KernelTable<2 * dtype_count> table;
  const Kernel& kernel = writing_kernel("scatter", table, x.dtype(), is_sum);
  const Shape parts = three_parts(x.shape(), dim);
  if (g.numel() > 0) {
    launch(kernel, reshape(g, {g.numel()}), reshape(ids, {ids.numel()}), parts[1], ids.shape()[dim],
           parts[2], view::reshape(x, {x.numel()}));
  }
  x.mark_written();
}

}  // namespace pg::ops
