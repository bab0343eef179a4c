// See cache.h.
#include "runtime/ops/cache.h"

#include "runtime/ops/checks.h"

namespace pg::ops {

void cache_update_(const Tensor& cache, const Tensor& x, const Tensor& start) {
  check_f32("cache_update", {&cache, &x});
  if (x.dim() != 4 || cache.dim() != 4 || x.size(0) != cache.size(0) ||
      x.size(2) != cache.size(2) || x.size(3) != cache.size(3)) {
    fail("cache_update", "{} does not fit into a cache of {}", to_string(x.shape()),
         to_string(cache.shape()));
  }
  const Tensor position = start_tensor("cache_update", start, 0, cache);
  const std::int64_t first = single_value(position);
  if (first < 0 || first > cache.size(1) - x.size(1)) {
    fail("cache_update", "positions {} to {} of {}", first, first + x.size(1), cache.size(1));
  }
  if (x.numel() == 0) return;
  static const Kernel kernel = builtin_kernel("cache.tile", "cache_update");
  launch(kernel, x, position, cache);
  cache.mark_written();
}

}  // namespace pg::ops
