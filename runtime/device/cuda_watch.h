// Waiting for a GPU. Normally the driver waits; with a time limit for kernels we do, and a kernel
// that never ends is named instead of waited for. Nothing is done to the device: only the end of
// the process stops such a kernel.
#pragma once

#include <string>
#include <string_view>

#include "runtime/device/cuda_device.h"

namespace pg::cuda {

/// Returns when all queued work is done; throws DeviceFault when some of it failed (`where` as in
/// check) or exceeds the limit (set_kernel_timeout in device.h).
void wait_for_stream(std::string_view op, const Gpu& gpu, std::string_view where = {});
/// Is there a limit?
bool is_watched();
/// Notes that a kernel was queued, when there is a limit. Waits when very many are.
void note_launch(const std::string& label, const Gpu& gpu);

}  // namespace pg::cuda
