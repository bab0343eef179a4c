// Matrix products against OpenBLAS (benchmarks.h).
#include <fmt/format.h>

#include <cmath>
#include <vector>

#include "runtime/device/thread_pool.h"
#include "runtime/ops/matmul.h"
#include "tools/tilebench/benchmarks.h"
#include "tools/tilebench/measure.h"
#include "tools/tilebench/openblas.h"

namespace bench {

namespace {

struct Layout {
  const char* name;
  bool transpose_a, transpose_b;
};

// A random matrix that is stored transposed if asked; either way the view is [rows, columns].
pg::Tensor operand(std::int64_t rows, std::int64_t columns, bool transposed) {
  if (!transposed) return pg::randn({rows, columns});
  return pg::view::transpose(pg::randn({columns, rows}), 0, 1);
}

}  // namespace

bool matmul(std::int64_t size, int rounds) {
  int threads = pg::thread_count();
  auto blas = OpenBlas::load(threads);
  if (!blas) fmt::print("OpenBLAS is not installed: no peer\n");
  fmt::print("matmul {0}x{0}x{0} f32, {1} thread(s)\n{2:<8}{3:>12}{4:>14}{5:>18}\n", size, threads,
             "layout", "ours GF/s", "OpenBLAS GF/s", "ours / OpenBLAS");
  bool reached = true;
  for (Layout layout :
       {Layout{"NN", false, false}, Layout{"NT", false, true}, Layout{"TN", true, false}}) {
    pg::Tensor a = operand(size, size, layout.transpose_a);
    pg::Tensor b = operand(size, size, layout.transpose_b);
    std::vector<float> c(static_cast<std::size_t>(size * size), NAN);
    auto n = static_cast<int>(size);
    std::vector<Contender> contenders;
    if (blas) {
      contenders.push_back({"OpenBLAS", [&] {
                              blas->matmul(layout.transpose_a, layout.transpose_b, n, n, n,
                                           a.data_ptr<float>(), b.data_ptr<float>(), c.data());
                            }});
    }
    contenders.push_back({"ours", [&] { pg::ops::matmul(a, b); }});
    std::vector<Timing> timings = compare(contenders, rounds);
    double flops = 2.0 * std::pow(static_cast<double>(size), 3) * 1e-9;
    double ours = flops / timings.back().seconds;
    if (!blas) {
      fmt::print("{:<8}{:>12.1f}\n", layout.name, ours);
      continue;
    }
    fmt::print("{:<8}{:>12.1f}{:>14.1f}{:>18.3f}\n", layout.name, ours, flops / timings[0].seconds,
               timings.back().ratio);
    reached = reached && timings.back().ratio >= 0.9;
  }
  return reached;
}

}  // namespace bench
