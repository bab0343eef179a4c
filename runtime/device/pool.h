// What a buffer takes from its device's pool, for estimates of memory (buffer.h has the pools).
#pragma once

#include <cstddef>

#include "runtime/device/device.h"

namespace pg {

/// The size that a request for so many bytes is rounded up to, as memory_statistics counts it.
std::size_t pool_bytes(std::size_t bytes, Device device);

}  // namespace pg
