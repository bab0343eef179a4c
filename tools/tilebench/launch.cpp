// The host's share of a launch on a GPU (benchmarks.h): bursts short enough that the queue does not
// fill, so that only the time to queue them is measured.
#include <fmt/format.h>

#include <chrono>

#include "runtime/autograd/functions.h"
#include "runtime/tensor/launch.h"
#include "tools/tilebench/benchmarks.h"
#include "tools/tilebench/measure.h"

namespace bench {

namespace {

constexpr int burst = 200;

/// Microseconds a call, median over rounds.
double host_time(pg::Device device, int rounds, const std::function<void()>& call) {
  std::vector<double> times;
  for (int round = -1; round < rounds; ++round) {
    pg::synchronize(device);
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < burst; ++i) call();
    const std::chrono::duration<double, std::micro> time = std::chrono::steady_clock::now() - start;
    if (round >= 0) times.push_back(time.count() / burst);  // the first one compiles
  }
  pg::synchronize(device);
  return median(times);
}

}  // namespace

bool launches(pg::Device device, int rounds) {
  const pg::Tensor a = pg::randn({1024}, nullptr, device);
  const pg::Tensor b = pg::randn({1024}, nullptr, device);
  const pg::Tensor recorded = pg::randn({1024}, nullptr, device).requires_grad_();
  const pg::Tensor w = pg::randn({64, 64}, nullptr, device);
  const pg::Tensor product = pg::empty({64, 64}, pg::DType::F32, device);
  const pg::Kernel matmul = pg::builtin_kernel("matmul.tile", "matmul");
  const double launch = host_time(device, rounds, [&] { pg::launch(matmul, w, w, product); });
  fmt::print("{:<24}{:>8.2f} us\n", "launch of a kernel", launch);
  const double add = host_time(device, rounds, [&] { pg::add(a, b); });
  fmt::print("{:<24}{:>8.2f} us\n", "add", add);
  const double record = host_time(device, rounds, [&] { pg::add(recorded, b); });
  fmt::print("{:<24}{:>8.2f} us\n", "add, recorded", record);
  return launch < 5.0;
}

}  // namespace bench
