// See utilisation.h.
#include "examples/llama/train/utilisation.h"

#include "examples/llama/model/cost.h"
#include "runtime/device/profile.h"

namespace llama {

Utilisation::Utilisation(const Config& config, std::int64_t seq, const RunOptions& run)
    : flops_per_token_(flops_per_token(config, seq).training()) {
  const pg::DevicePeak peak = pg::device_peak(run.device);
  peak_flops_ = run.precision == pg::Precision::Tf32 ? peak.tf32_flops : peak.fp32_flops;
  peak_bandwidth_ = peak.bytes_per_second;
}

void Utilisation::begin() { bytes_before_ = pg::launched_bytes(); }

void Utilisation::end(StepMetrics& metrics) const {
  const double seconds = 1e-3 * metrics.milliseconds;
  if (peak_flops_ > 0) {
    metrics.flops_share = metrics.tokens_per_second * flops_per_token_ / peak_flops_;
  }
  if (peak_bandwidth_ > 0 && seconds > 0) {
    metrics.bandwidth_share = (pg::launched_bytes() - bytes_before_) / seconds / peak_bandwidth_;
  }
}

}  // namespace llama
