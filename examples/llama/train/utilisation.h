// How much of the device a step uses: its arithmetic and its memory traffic as shares of the peak.
#pragma once

#include "examples/llama/model/config.h"
#include "examples/llama/report/metrics.h"
#include "examples/llama/run_options.h"
#include "runtime/device/peak.h"

namespace llama {

class Utilisation {
 public:
  Utilisation(const Config& config, std::int64_t seq, const RunOptions& run);

  /// Before a step.
  void begin();
  /// After it: fills the shares from the step's time and tokens; 0 where the peak is not known.
  /// Arithmetic is the model's, as `llama info` counts it; traffic is what kernels were given, each
  /// argument once for reading and once for writing, so with caches it can exceed the memory's
  /// peak.
  void end(StepMetrics& metrics) const;

 private:
  double flops_per_token_ = 0;
  double peak_flops_ = 0;
  double peak_bandwidth_ = 0;
  double bytes_before_ = 0;
};

}  // namespace llama
