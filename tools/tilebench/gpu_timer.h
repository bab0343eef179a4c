// Time of work on a GPU as triton.testing.do_bench takes it, so that peers are measured alike: the
// L2 cache is overwritten before each call, events on the stream stand around the call alone.
#pragma once

#include <functional>
#include <vector>

#include "runtime/device/cuda_api.h"
#include "runtime/tensor/tensor.h"

namespace bench::gpu {

class Timer {
 public:
  explicit Timer(pg::Device device);
  ~Timer() = default;  // events go with the process: there is one timer
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  /// Median seconds of one call, of as many as fill `milliseconds` after a warm-up of half of that.
  double seconds(const std::function<void()>& run, double milliseconds = 100);

 private:
  void record(std::size_t event);
  double between(std::size_t first, std::size_t second);
  void flush_cache();

  pg::Device device_;
  const pg::cuda::Api& api_;
  pg::cuda::Stream stream_;
  pg::Tensor cache_;  // larger than any L2
  std::vector<pg::cuda::Event> events_;
};

/// Normally distributed numbers that repeat after a prime count: quick to make, and any element is
/// known on the host without a copy.
class Noise {
 public:
  Noise(const pg::Shape& shape, std::uint64_t offset, pg::Device device);

  const pg::Tensor& tensor() const { return tensor_; }
  float operator[](std::int64_t index) const;

 private:
  std::uint64_t offset_;
  pg::Tensor tensor_;
};

}  // namespace bench::gpu
