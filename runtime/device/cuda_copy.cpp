// See cuda_copy.h.
#include "runtime/device/cuda_copy.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <mutex>

#include "runtime/device/cuda_watch.h"
#include "runtime/device/error.h"
#include "runtime/device/thread_pool.h"

namespace pg::cuda {

namespace {

constexpr const char* op = "copy";
constexpr std::size_t staging_bytes = std::size_t{8} << 20;
/// Below this the driver's own staging is as fast.
constexpr std::size_t staged_from = std::size_t{1} << 20;
constexpr std::size_t slice_bytes = std::size_t{256} << 10;  // of one thread at a time
constexpr unsigned pinned_for_all_contexts = 1;              // CU_MEMHOSTALLOC_PORTABLE
constexpr int pointer_memory_type = 2;                       // CU_POINTER_ATTRIBUTE_MEMORY_TYPE
constexpr Result error_invalid_value = 1;
constexpr unsigned memory_type_host = 1;

/// The pinned buffers of one GPU; held while a large copy runs.
struct Staging {
  struct Half {
    std::byte* data = nullptr;
    Event free = nullptr;  // recorded behind the copy that uses the half
    bool is_travelling = false;
  };
  std::mutex mutex;
  std::array<Half, 2> halves;
  std::once_flag is_tried;
  bool is_usable = false;

  /// False where there is no memory to pin: copies then go without.
  bool open(const Api& driver) {
    std::call_once(is_tried, [&] { is_usable = pin(driver); });
    return is_usable;
  }
  /// The memory last, in one piece: a failure holds none of it.
  bool pin(const Api& driver) {
    for (Half& half : halves) {
      if (driver.cuEventCreate(&half.free, event_without_timing) != success) return false;
    }
    void* data = nullptr;
    const Result result =
        driver.cuMemHostAlloc(&data, halves.size() * staging_bytes, pinned_for_all_contexts);
    if (result != success) return false;
    for (std::size_t i = 0; i < halves.size(); ++i) {
      halves[i].data = static_cast<std::byte*>(data) + i * staging_bytes;
    }
    return true;
  }

  void wait(const Api& driver, const Gpu& gpu, Half& half) {
    if (!half.is_travelling) return;
    half.is_travelling = false;
    if (is_watched()) wait_for_stream(op, gpu);  // a kernel before the copy may never end
    check(op, "cuEventSynchronize", driver.cuEventSynchronize(half.free));
  }
  void depart(const Api& driver, const Gpu& gpu, Half& half) {
    check(op, "cuEventRecord", driver.cuEventRecord(half.free, gpu.stream));
    half.is_travelling = true;
  }
};

Staging& staging_of(const Gpu& gpu) {
  // Pinned until the process ends, like the GPU itself.
  static auto* all = new std::array<Staging, max_cuda_devices>;
  return (*all)[static_cast<std::size_t>(gpu.index)];
}

/// memcpy on all cores.
void copy_in_slices(void* to, const void* from, std::size_t bytes) {
  struct Job {
    std::byte* to;
    const std::byte* from;
    std::size_t bytes;
    static void run(void* self, std::int64_t slice) {
      const Job& job = *static_cast<const Job*>(self);
      const std::size_t at = static_cast<std::size_t>(slice) * slice_bytes;
      std::memcpy(job.to + at, job.from + at, std::min(slice_bytes, job.bytes - at));
    }
  } job{static_cast<std::byte*>(to), static_cast<const std::byte*>(from), bytes};
  run_chunks(static_cast<std::int64_t>((bytes + slice_bytes - 1) / slice_bytes), Job::run, &job);
}

}  // namespace

void copy_to_gpu(const Gpu& gpu, Address to, const void* from, std::size_t bytes) {
  const Api& driver = api(op);
  Staging& staging = staging_of(gpu);
  if (bytes < staged_from || !staging.open(driver)) {
    // From pageable memory the driver returns only when it has taken the bytes.
    check(op, "cuMemcpyHtoDAsync", driver.cuMemcpyHtoDAsync(to, from, bytes, gpu.stream));
    return;
  }
  const std::lock_guard lock(staging.mutex);
  const auto* source = static_cast<const std::byte*>(from);
  for (std::size_t at = 0, i = 0; at < bytes; at += staging_bytes, i ^= 1) {
    Staging::Half& half = staging.halves[i];
    const std::size_t part = std::min(staging_bytes, bytes - at);
    staging.wait(driver, gpu, half);
    copy_in_slices(half.data, source + at, part);
    check(op, "cuMemcpyHtoDAsync", driver.cuMemcpyHtoDAsync(to + at, half.data, part, gpu.stream));
    staging.depart(driver, gpu, half);
  }
}

void copy_from_gpu(const Gpu& gpu, void* to, Address from, std::size_t bytes) {
  const Api& driver = api(op);
  Staging& staging = staging_of(gpu);
  if (bytes < staged_from || !staging.open(driver)) {
    // A copy to pageable memory waits inside the driver, where no time-out reaches.
    if (is_watched()) wait_for_stream(op, gpu);
    check(op, "cuMemcpyDtoHAsync", driver.cuMemcpyDtoHAsync(to, from, bytes, gpu.stream));
    wait_for_stream(op, gpu);
    return;
  }
  wait_for_stream(op, gpu);
  const std::lock_guard lock(staging.mutex);
  for (Staging::Half& half : staging.halves) staging.wait(driver, gpu, half);
  auto* target = static_cast<std::byte*>(to);
  const auto fetch = [&](std::size_t at, Staging::Half& half) {
    if (at >= bytes) return;
    check(op, "cuMemcpyDtoHAsync",
          driver.cuMemcpyDtoHAsync(half.data, from + at, std::min(staging_bytes, bytes - at),
                                   gpu.stream));
    staging.depart(driver, gpu, half);
  };
  fetch(0, staging.halves[0]);
  for (std::size_t at = 0, i = 0; at < bytes; at += staging_bytes, i ^= 1) {
    fetch(at + staging_bytes, staging.halves[i ^ 1]);
    staging.wait(driver, gpu, staging.halves[i]);
    copy_in_slices(target + at, staging.halves[i].data, std::min(staging_bytes, bytes - at));
  }
}

void check_address(const std::string& kernel, std::string_view parameter, const Gpu& gpu,
                   const void* address) {
  const Api& driver = api(kernel);
  if (driver.cuPointerGetAttribute == nullptr || address == nullptr) return;
  unsigned type = 0;
  const auto value = static_cast<Address>(reinterpret_cast<std::uintptr_t>(address));
  const Result found = driver.cuPointerGetAttribute(&type, pointer_memory_type, value);
  if (found == error_invalid_value || (found == success && type == memory_type_host)) {
    fail(kernel, "{} is said to be on cuda:{}, but {:#x} is host memory", parameter, gpu.index,
         value);
  }
}

}  // namespace pg::cuda
