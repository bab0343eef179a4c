// The cost of one eager operation on small tensors (benchmarks.h).
#include <fmt/format.h>

#include "runtime/autograd/functions.h"
#include "tools/tilebench/benchmarks.h"
#include "tools/tilebench/measure.h"

namespace bench {

bool eager(int rounds) {
  pg::Tensor a = pg::randn({16}), b = pg::randn({16});
  pg::Tensor recorded = pg::randn({16}).requires_grad_();
  auto timings = compare(
      {{"add", [&] { pg::add(a, b); }}, {"add, recorded", [&] { pg::add(recorded, b); }}}, rounds);
  for (const Timing& timing : timings) {
    fmt::print("{:<16}{:>8.0f} ns\n", timing.name, timing.seconds * 1e9);
  }
  return timings[0].seconds < 1e-6;
}

}  // namespace bench
