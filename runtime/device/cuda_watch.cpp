// See cuda_watch.h.
#include "runtime/device/cuda_watch.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "runtime/device/error.h"

namespace pg::cuda {

namespace {

using Clock = std::chrono::steady_clock;

/// The driver's queue holds about 1024 launches; one more would wait inside the driver.
constexpr std::size_t most_queued = 512;

double limit_at_start() {
  const char* set = std::getenv("PICOGRAD_KERNEL_TIMEOUT");
  return set != nullptr ? std::max(0.0, std::atof(set)) : 0.0;
}

std::atomic<double> limit_seconds = limit_at_start();  // 0: none

/// Launches of one GPU whose end has not been seen, oldest first.
struct Queue {
  std::mutex mutex;
  std::deque<std::pair<std::string, Event>> launches;
  std::vector<Event> spare;
};

Queue& queue_of(const Gpu& gpu) {
  static auto* queues = new std::array<Queue, max_cuda_devices>;
  return (*queues)[static_cast<std::size_t>(gpu.index)];
}

/// Drops launches that are done; returns how many.
std::size_t retire(Queue& queue) {
  const std::lock_guard lock(queue.mutex);
  std::size_t count = 0;
  while (!queue.launches.empty()) {
    const Event event = queue.launches.front().second;
    if (find_api()->cuEventQuery(event) == error_not_ready) break;
    queue.spare.push_back(event);
    queue.launches.pop_front();
    ++count;
  }
  return count;
}

[[noreturn]] void fail_hung(std::string_view op, const Gpu& gpu, Queue& queue) {
  const std::lock_guard lock(queue.mutex);
  const std::string kernel =
      queue.launches.empty() ? "some work" : "kernel " + queue.launches.front().first;
  throw DeviceFault(fmt::format(
      "{}: {} on cuda:{} has not ended after {} s (the limit set by --kernel-timeout or "
      "PICOGRAD_KERNEL_TIMEOUT). It stops with this process",
      op, kernel, gpu.index, limit_seconds.load()));
}

/// Polls until is_done(); throws when the limit passes without any kernel ending.
template <class IsDone>
void poll(std::string_view op, const Gpu& gpu, IsDone&& is_done) {
  Queue& queue = queue_of(gpu);
  const std::chrono::duration<double> limit(limit_seconds.load());
  auto last_progress = Clock::now();
  auto pause = std::chrono::microseconds(10);
  while (!is_done()) {
    if (retire(queue) > 0) last_progress = Clock::now();
    if (Clock::now() - last_progress > limit) fail_hung(op, gpu, queue);
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, std::chrono::microseconds(1000));
  }
}

}  // namespace

bool is_watched() { return limit_seconds.load(std::memory_order_relaxed) > 0; }

void wait_for_stream(std::string_view op, const Gpu& gpu, std::string_view where) {
  const Api& driver = api(op);
  if (is_watched()) {
    poll(op, gpu, [&] { return driver.cuStreamQuery(gpu.stream) != error_not_ready; });
    retire(queue_of(gpu));
  }
  check(op, "cuStreamSynchronize", driver.cuStreamSynchronize(gpu.stream), where);
}

void note_launch(const std::string& label, const Gpu& gpu) {
  if (!is_watched()) return;
  const Api& driver = api(label);
  Queue& queue = queue_of(gpu);
  retire(queue);
  poll(label, gpu, [&] {
    const std::lock_guard lock(queue.mutex);
    return queue.launches.size() < most_queued;
  });
  const std::lock_guard lock(queue.mutex);
  Event event = nullptr;
  if (queue.spare.empty()) {
    check(label, "cuEventCreate", driver.cuEventCreate(&event, event_without_timing));
  } else {
    event = queue.spare.back();
    queue.spare.pop_back();
  }
  check(label, "cuEventRecord", driver.cuEventRecord(event, gpu.stream));
  queue.launches.emplace_back(label, event);
}

}  // namespace pg::cuda

namespace pg {

void set_kernel_timeout(double seconds) { cuda::limit_seconds = std::max(0.0, seconds); }

}  // namespace pg
