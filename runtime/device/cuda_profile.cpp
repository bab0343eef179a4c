// See cuda_profile.h.
#include "runtime/device/cuda_profile.h"

#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <vector>

namespace pg::cuda {

namespace {

constexpr std::size_t most_pending = 4096;

struct Pending {
  std::string label;
  tile::KernelWork work;
  Event start;
  Event end;
};

/// Of one GPU: events belong to its context.
struct Measured {
  std::mutex mutex;
  std::vector<Pending> pending;
  std::vector<Event> spare;
  // When an event early on the stream happened on the host's clock; all others are dated from it.
  // It moves on, because differences of events have 24 bits.
  Event base = nullptr;
  std::int64_t base_ns = 0;
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

/// Nanoseconds from one event to another, once both happened; nothing when one failed.
std::optional<std::int64_t> elapsed_ns(Event from, Event to) {
  float milliseconds = 0;
  if (find_api()->cuEventElapsedTime(&milliseconds, from, to) != success) return std::nullopt;
  return static_cast<std::int64_t>(double{milliseconds} * 1e6);
}

/// Under the mutex. Waits for the stream.
void set_base(Measured& of, const Gpu& gpu) {
  of.base = take_event(of);
  if (of.base == nullptr || find_api()->cuEventRecord(of.base, gpu.stream) != success) return;
  find_api()->cuEventSynchronize(of.base);
  of.base_ns = detail::now_ns();
}

/// Under the mutex.
void resolve(Measured& of, int gpu) {
  for (const Pending& launch : of.pending) {
    if (find_api()->cuEventSynchronize(launch.end) == success) {
      const auto start = elapsed_ns(of.base, launch.start);
      const auto duration = elapsed_ns(launch.start, launch.end);
      if (start && duration) {
        detail::record_launch(
            {launch.label, cuda_device(gpu), of.base_ns + *start, *duration, launch.work});
      }
    }
    of.spare.push_back(launch.start);
    if (&launch != &of.pending.back()) of.spare.push_back(launch.end);
  }
  if (of.pending.empty()) return;
  const Event last = of.pending.back().end;
  if (const auto moved = elapsed_ns(of.base, last)) {
    of.base_ns += *moved;
    of.spare.push_back(of.base);
    of.base = last;
  } else {
    of.spare.push_back(last);
  }
  of.pending.clear();
}

}  // namespace

ProfiledLaunch::ProfiledLaunch(const std::string& label, const Gpu& gpu,
                               const tile::KernelWork& work)
    : label_(label), gpu_(gpu), work_(work) {
  if (!detail::profiling.load(std::memory_order_relaxed)) return;
  Measured& of = measured(gpu.index);
  const std::lock_guard lock(of.mutex);
  if (of.base == nullptr) set_base(of, gpu);
  if (of.pending.size() >= most_pending) resolve(of, gpu.index);
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
  of.pending.push_back({label_, work_, start_, end});
}

void resolve_profile() noexcept {
  if (!is_used) return;
  for (int gpu = 0; gpu < max_cuda_devices; ++gpu) {
    Measured& of = measured(gpu);
    const std::lock_guard lock(of.mutex);
    resolve(of, gpu);
  }
}

}  // namespace pg::cuda
