// Copies between the host's memory and a GPU's. Large ones go through two pinned buffers, which the
// device reads and writes by itself: while one travels, all cores fill or empty the other.
#pragma once

#include <cstddef>

#include "runtime/device/cuda_device.h"

namespace pg::cuda {

/// Queued on the GPU's stream; `from` may be reused when it returns.
void copy_to_gpu(const Gpu& gpu, Address to, const void* from, std::size_t bytes);
/// Waits for all work queued on the GPU's stream, then for the copy.
void copy_from_gpu(const Gpu& gpu, void* to, Address from, std::size_t bytes);

/// Throws unless `address` is memory that the GPUs can reach: for launches that are checked
/// (PICOGRAD_SYNC=1). Says nothing where the driver cannot tell.
void check_address(const std::string& kernel, std::string_view parameter, const Gpu& gpu,
                   const void* address);

}  // namespace pg::cuda
