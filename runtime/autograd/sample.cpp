// See sample.h.
#include "runtime/autograd/sample.h"

#include <cmath>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "runtime/ops/scan.h"

namespace pg {

Tensor multinomial(const Tensor& weights, std::int64_t count, bool replacement,
                   Generator* generator) {
  if (!weights.defined() || weights.dtype() != DType::F32 || weights.dim() < 1 ||
      weights.dim() > 2 || weights.size(-1) == 0) {
    fail("multinomial", "the weights are {}, not f32 [N] or [R, N]", describe(weights));
  }
  if (count < 1) fail("multinomial", "{} samples", count);
  const NoGrad no_grad;
  const Tensor totals = sum(weights, {-1});
  const bool is_valid = ge(weights, 0.0).all().item<bool>() && gt(totals, 0.0).all().item<bool>() &&
                        lt(totals, INFINITY).all().item<bool>();
  if (!is_valid) {
    fail("multinomial", "a weight is negative, or the weights of a row add up to 0 or no number");
  }
  Shape shape = weights.shape();
  shape[weights.dim() - 1] = count;
  if (replacement || count == 1) {
    // A number in [0, total) falls in the interval of the index it chooses.
    const Tensor ends = cumsum(weights, -1);
    const Tensor total = narrow(ends, -1, weights.size(-1) - 1, 1);
    const Tensor numbers = rand(shape, generator, weights.device()) * total;
    const Tensor chosen = ops::search_sorted(ends, numbers, true);
    // Rounding may bring a number up to the total: it counts for the last index with a weight.
    const Tensor last = ops::search_sorted(ends, total, false);
    return minimum(chosen, last);
  }
  const std::int64_t available = sum(gt(weights, 0.0), {-1}).min().item<std::int64_t>();
  if (count > available) {
    fail("multinomial", "{} samples without replacement of {} indices with a weight", count,
         available);
  }
  // The largest of weight / exponential number is index i with i's probability, the next largest
  // is so among the others. Noise may be 0 and a quotient may round to 0: an index without a weight
  // must lose against both.
  const Tensor noise = neg(log1p(neg(rand_like(weights, generator))));
  return topk(where(gt(weights, 0.0), weights / noise, -1.0), count, -1).indices;
}

}  // namespace pg
