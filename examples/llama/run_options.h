// Where a command runs and how precisely it multiplies: the program's --device and --precision.
#pragma once

#include "runtime/device/device.h"
#include "runtime/ops/precision.h"

namespace llama {

struct RunOptions {
  pg::Device device = pg::default_device();
  pg::Precision precision = pg::Precision::Fp32;
};

}  // namespace llama
