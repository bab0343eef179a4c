// See cuda_profile.h.
#include "runtime/device/cuda_profile.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "runtime/device/profile.h"

namespace pg::cuda {

namespace {

constexpr std::size_t most_pending = 4096;

struct Pending {
  std::string label;
  Event start;
  Event end;
};

/// Of one GPU: events belong to its context.
struct Measured {
  std::mutex mutex;
  std::vector<Pending> pending;
  std::vector<Event> spare;
};

std::atomic<bool> is_used = false;

Measured& measured(int gpu) {
  static auto* all = [] {
    // The table that is printed at exit needs the times before the driver goes.
    std::atexit([] { resolve_profile(); });
    is_used = true;
    return new std::array<Measured, max_cuda_devices>;
  }();
  return (*all)[static_cast<std::size_t>(gpu)];
}

/// Null when the driver has none. Under the mutex.
Event take_event(Measured& of) {
  Event event = nullptr;
  if (of.spare.empty()) return find_api()->cuEventCreate(&event, 0) == success ? event : nullptr;
  event = of.spare.back();
  of.spare.pop_back();
  return event;
}

/// Under the mutex.
void resolve(Measured& of) {
  for (const Pending& launch : of.pending) {
    float milliseconds = 0;
    const bool is_timed =
        find_api()->cuEventSynchronize(launch.end) == success &&
        find_api()->cuEventElapsedTime(&milliseconds, launch.start, launch.end) == success;
    if (is_timed)
      detail::record_launch(launch.label, static_cast<std::int64_t>(milliseconds * 1e6));
    of.spare.push_back(launch.start);
    of.spare.push_back(launch.end);
  }
  of.pending.clear();
}

}  // namespace

ProfiledLaunch::ProfiledLaunch(const std::string& label, const Gpu& gpu)
    : label_(label), gpu_(gpu) {
  if (!detail::profiling.load(std::memory_order_relaxed)) return;
  Measured& of = measured(gpu.index);
  const std::lock_guard lock(of.mutex);
  if (of.pending.size() >= most_pending) resolve(of);
  start_ = take_event(of);
  if (start_ != nullptr) find_api()->cuEventRecord(start_, gpu.stream);
}

ProfiledLaunch::~ProfiledLaunch() {
  if (start_ == nullptr) return;
  Measured& of = measured(gpu_.index);
  const std::lock_guard lock(of.mutex);
  const Event end = take_event(of);
  if (end == nullptr) return;
  find_api()->cuEventRecord(end, gpu_.stream);
  of.pending.push_back({label_, start_, end});
}

void resolve_profile() noexcept {
  if (!is_used) return;
  for (int gpu = 0; gpu < max_cuda_devices; ++gpu) {
    Measured& of = measured(gpu);
    const std::lock_guard lock(of.mutex);
    resolve(of);
  }
}

}  // namespace pg::cuda
