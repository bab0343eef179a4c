// The host's part of a launch (gpu.h): batches are so short that the queue does not fill, and
// nothing waits for the GPU while the clock runs.
#include <chrono>

#include "runtime/autograd/functions.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/elementwise.h"
#include "runtime/ops/matmul.h"
#include "runtime/tensor/launch.h"
#include "tools/tilebench/gpu.h"
#include "tools/tilebench/gpu_report.h"
#include "tools/tilebench/measure.h"

namespace bench::gpu {

bool launch(const Options& options) {
  using Clock = std::chrono::steady_clock;
  constexpr int calls = 200, batches = 20;
  const pg::Device device = options.device;
  const pg::Tensor a = pg::randn({16}, nullptr, device), b = pg::randn({16}, nullptr, device);
  const pg::Tensor to = pg::empty({16}, pg::DType::F32, device);
  const pg::Tensor recorded = pg::randn({16}, nullptr, device).requires_grad_();
  const pg::Tensor x = pg::randn({64, 64}, nullptr, device);
  const pg::Tensor product = pg::empty({64, 64}, pg::DType::F32, device);
  const pg::Kernel kernel = pg::builtin_kernel("matmul.tile", "matmul");
  const std::vector<Contender> contenders{
      {"launch of a kernel", [&] { pg::launch(kernel, x, x, product); }},
      {"copy_, 16 floats", [&] { pg::ops::copy_(to, a); }},
      {"add, 16 floats", [&] { pg::ops::add(a, b); }},
      {"add, recorded", [&] { pg::add(recorded, b); }},
      {"matmul fp32, 64", [&] { pg::ops::matmul(x, x); }},
      {"matmul tf32, 64", [&] { pg::ops::matmul(x, x, pg::Precision::Tf32); }},
  };
  Report report(options, "launch", {"operation"}, "1000/s", 1e3);
  bool reached = true;
  for (const Contender& contender : contenders) {
    Row row;
    row.labels = {{"operation", contender.name}};
    row.group = contender.name;
    row.work = 1;
    contender.run();
    for (int i = 0; i < options.rounds * batches; ++i) {
      pg::synchronize(device);
      const auto start = Clock::now();
      for (int call = 0; call < calls; ++call) contender.run();
      row.seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count() / calls);
    }
    pg::synchronize(device);
    report.add(row);
    if (&contender == &contenders[0] && median(row.seconds) >= 5e-6) reached = false;
  }
  report.finish();
  return reached;
}

}  // namespace bench::gpu
