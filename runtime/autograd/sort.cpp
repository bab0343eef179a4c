// See sort.h.
#include "runtime/ops/sort.h"

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "runtime/ops/index.h"

namespace pg {

using autograd::record;
using autograd::VjpCall;

namespace {

/// Plain sort along any axis.
ValuesAndIndices sorted_along(const Tensor& x, int axis, bool descending) {
  const ValuesAndIndices found = ops::sort(view::transpose(x, axis, -1), descending);
  return {view::transpose(found.values, axis, -1), view::transpose(found.indices, axis, -1)};
}

/// x along `axis` in the order `indices`, a permutation along that axis; `y` is the result.
Tensor permuted_along(const Tensor& x, int axis, const Tensor& indices, const Tensor& y) {
  return record("sort", y, {&x}, {&indices}, [axis](const VjpCall& call) -> Tensors {
    const Tensor inverse = sorted_along(call.saved(0), axis, false).indices;
    const Tensor& g = call.gradient();
    return {permuted_along(g, axis, inverse, ops::gather(g, axis, inverse))};
  });
}

}  // namespace

ValuesAndIndices sort(const Tensor& x, int axis, bool descending) {
  if (x.dim() == 0) return {reshape(x, {}), zeros({}, DType::I64, x.device())};
  const int dim = normalize_axis("sort", axis, x.dim());
  const ValuesAndIndices found = sorted_along(x, dim, descending);
  return {permuted_along(x, dim, found.indices, found.values), found.indices};
}

Tensor argsort(const Tensor& x, int axis, bool descending) {
  const NoGrad no_grad;
  return sort(x, axis, descending).indices;
}

ValuesAndIndices topk(const Tensor& x, std::int64_t count, int axis, bool largest) {
  if (count < 0 || count > x.size(axis)) fail("topk", "{} of {} elements", count, x.size(axis));
  const Tensor indices = contiguous(narrow(argsort(x, axis, largest), axis, 0, count));
  return {autograd::gathered(x, normalize_axis("topk", axis, x.dim()), indices), indices};
}

}  // namespace pg
