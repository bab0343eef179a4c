// See dropout.h.
#include "runtime/ops/dropout.h"

#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"

namespace pg::ops {

Tensor dropout(const Tensor& x, double p, const GeneratorState& state) {
  check_f32("dropout", {&x});
  if (!(p >= 0.0 && p <= 1.0)) fail("dropout", "p is {}, not between 0 and 1", p);
  static const Kernel kernel = builtin_kernel("dropout.tile", "dropout");
  Tensor y = new_result("dropout", x, {x.numel()});
  const double scale = p == 1.0 ? 0.0 : 1.0 / (1.0 - p);
  if (y.numel() > 0) {
    launch(kernel, reshape(x, {x.numel()}), static_cast<std::int64_t>(state.seed),
           static_cast<std::int32_t>(state.step), p, scale, y);
  }
  return view::reshape(y, x.shape());
}

}  // namespace pg::ops
