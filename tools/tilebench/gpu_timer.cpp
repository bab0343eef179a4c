// See gpu_timer.h.
#include "tools/tilebench/gpu_timer.h"

#include <algorithm>

#include "runtime/device/cuda_device.h"
#include "runtime/tensor/random.h"
#include "tools/tilebench/measure.h"

namespace bench::gpu {

namespace {

constexpr std::int64_t cache_bytes = std::int64_t{256} << 20;
constexpr std::size_t most_calls = 4000;
constexpr std::uint64_t period = 4194301;  // prime: rows of no matrix repeat each other

const std::vector<float>& noise() {
  static const std::vector<float> values = [] {
    std::vector<float> made(period);
    pg::Generator(20261122).normal(made);
    return made;
  }();
  return values;
}

}  // namespace

Timer::Timer(pg::Device device)
    : device_(device),
      api_(pg::cuda::api("tilebench")),
      stream_(pg::cuda::gpu("tilebench", device.index).stream),
      cache_(pg::empty({cache_bytes / 4}, pg::DType::I32, device)),
      events_(2 * most_calls, nullptr) {
  for (pg::cuda::Event& event : events_) {
    pg::cuda::check("tilebench", "cuEventCreate", api_.cuEventCreate(&event, 0));
  }
}

void Timer::record(std::size_t event) {
  pg::cuda::check("tilebench", "cuEventRecord", api_.cuEventRecord(events_[event], stream_));
}

double Timer::between(std::size_t first, std::size_t second) {
  float milliseconds = 0;
  pg::cuda::check("tilebench", "cuEventElapsedTime",
                  api_.cuEventElapsedTime(&milliseconds, events_[first], events_[second]));
  return milliseconds;
}

void Timer::flush_cache() { pg::fill_bytes(cache_.data(), device_, 0, cache_bytes); }

double Timer::seconds(const std::function<void()>& run, double milliseconds) {
  run();
  pg::synchronize(device_);
  constexpr int trials = 5;
  record(0);
  for (int i = 0; i < trials; ++i) {
    flush_cache();
    run();
  }
  record(1);
  pg::synchronize(device_);
  const double estimate = std::max(between(0, 1) / trials, 1e-3);
  const auto calls =
      std::clamp(static_cast<std::size_t>(milliseconds / estimate), std::size_t{1}, most_calls);
  for (std::size_t i = 0; i < std::max<std::size_t>(calls / 2, 1); ++i) run();
  for (std::size_t i = 0; i < calls; ++i) {
    flush_cache();
    record(2 * i);
    run();
    record(2 * i + 1);
  }
  pg::synchronize(device_);
  std::vector<double> times;
  for (std::size_t i = 0; i < calls; ++i) times.push_back(between(2 * i, 2 * i + 1));
  return median(std::move(times)) * 1e-3;
}

Noise::Noise(const pg::Shape& shape, std::uint64_t offset, pg::Device device)
    : offset_(offset % period), tensor_(pg::empty(shape, pg::DType::F32, device)) {
  const std::vector<float>& values = noise();
  const auto count = static_cast<std::uint64_t>(tensor_.numel());
  auto* to = static_cast<std::byte*>(tensor_.data());
  const auto put = [&](std::uint64_t at, std::uint64_t from, std::uint64_t length) {
    if (at >= count) return;
    pg::copy_bytes(to + at * 4, device, values.data() + from, pg::cpu_device,
                   std::min(length, count - at) * 4);
  };
  put(0, offset_, period - offset_);
  put(period - offset_, 0, offset_);
  for (std::uint64_t done = period; done < count; done *= 2) {
    pg::copy_bytes(to + done * 4, device, to, device, std::min(done, count - done) * 4);
  }
  tensor_.mark_written();
}

float Noise::operator[](std::int64_t index) const {
  return noise()[(offset_ + static_cast<std::uint64_t>(index)) % period];
}

}  // namespace bench::gpu
