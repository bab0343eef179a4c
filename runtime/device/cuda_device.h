// One GPU as this process uses it: its primary context (shared with other libraries), the stream
// that all our work goes to, and its memory. Made at first use, never destroyed.
#pragma once

#include <functional>
#include <string>

#include "runtime/device/buffer.h"
#include "runtime/device/cuda_api.h"
#include "runtime/device/device.h"

namespace pg::cuda {

class Memory;

struct Gpu {
  int index = 0;
  DeviceHandle handle = 0;
  Context context = nullptr;
  Stream stream = nullptr;
  std::string name;
  int major = 0, minor = 0;  // compute capability
  int multiprocessors = 0;
  int shared_bytes = 0;  // the most that a block can have
  std::size_t total_bytes = 0;
  Memory* memory = nullptr;
  std::string target;  // "sm_90a"; empty: too old for us
};

/// The compiler's target for a compute capability and the shared memory that a block may have;
/// empty: too old for us. GPUs newer than the newest target run PTX made for the newest that needs
/// no more than they have.
std::string_view target_for(int major, int minor, int shared_bytes);

/// The GPU, its context current on this thread; throws Unavailable named `op`. Any GPU, also one
/// that is too old for our kernels.
Gpu& gpu(std::string_view op, int index);

/// Memory for tensors; every buffer belongs to work on the GPU's stream.
std::byte* take_memory(std::string_view op, int index, std::size_t bytes);
void give_memory(int index, std::byte* data) noexcept;
MemoryStatistics memory_statistics(int index);
void reset_peak_memory(int index);
void release_cached_memory(int index);

/// PICOGRAD_SYNC=1: each launch checks its addresses before and waits afterwards.
bool launches_wait();

/// What follows every cuLaunchKernelEx: throws if it failed, naming the kernel and, unless an
/// earlier kernel may be to blame, its launch (`describe` is called for that). With PICOGRAD_SYNC=1
/// waits until the kernel is done.
void finish_launch(const std::string& kernel, const Gpu& gpu, Result launched,
                   const std::function<std::string()>& describe);

}  // namespace pg::cuda
