// What a device can do at most, to hold achieved rates against. A GPU's are those of its clocks at
// their highest and of its architecture, without sparsity; a CPU's are measured, once a process.
#pragma once

#include <string>

#include "runtime/device/device.h"

namespace pg {

/// 0: not known.
struct DevicePeak {
  double fp32_flops = 0;        // a second
  double tf32_flops = 0;        // of matrix products in tf32
  double bytes_per_second = 0;  // of its memory, reads and writes together
};

/// Takes some 100 ms on a CPU the first time, with all threads of the pool.
DevicePeak device_peak(Device device);

/// "fp32 66.9 TFLOP/s, tf32 535.4 TFLOP/s, memory 3352 GB/s".
std::string to_string(const DevicePeak& peak);

}  // namespace pg
