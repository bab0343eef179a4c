// Memory for tensors, on the host or a GPU: 64-byte aligned buffers from a pool per device that
// keeps freed ones, so a training loop stops asking the system after its first step. Thread safe.
// Statistics are exact and cheap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "runtime/device/device.h"

namespace pg {

/// Owns one allocation; returns it to the pool when destroyed. An empty buffer has no memory.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  /// At least size_bytes() bytes, 64-byte aligned, uninitialised; null when size_bytes() is 0. An
  /// address on the device.
  std::byte* data() const { return data_; }
  std::size_t size_bytes() const { return size_bytes_; }
  Device device() const { return device_; }

 private:
  friend Buffer allocate(std::string_view op, std::int64_t count, std::int64_t element_bytes,
                         Device device);
  Buffer(std::byte* data, std::size_t size_bytes, Device device)
      : data_(data), size_bytes_(size_bytes), device_(device) {}

  std::byte* data_ = nullptr;
  std::size_t size_bytes_ = 0;
  Device device_;
};

/// Room for `count` elements. Error (opened by `op`, with the pool's statistics) when a number is
/// negative, the product leaves 63 bits or the system has no memory even after the pool gave back
/// its own. On a GPU it may be used by work that is queued from now on.
Buffer allocate(std::string_view op, std::int64_t count, std::int64_t element_bytes,
                Device device = {});

struct MemoryStatistics {
  std::size_t live_bytes = 0;     // in buffers that exist now, rounded up to the pool's sizes
  std::size_t peak_bytes = 0;     // the largest live_bytes since start or reset_peak_memory
  std::size_t cached_bytes = 0;   // freed by their owners, kept for reuse
  std::uint64_t allocations = 0;  // calls of allocate for at least one byte
  std::uint64_t reuses = 0;       // of these, served without asking the system
};
MemoryStatistics memory_statistics(Device device = {});
void reset_peak_memory(Device device = {});
/// Gives all cached memory back to the system.
void release_cached_memory(Device device = {});

/// Fills every new buffer with bytes 0xff (NaN as f32), so that results computed from uninitialised
/// memory show. Off unless the environment sets PICOGRAD_POISON=1.
void set_memory_poison(bool enabled);
bool memory_poison();

}  // namespace pg
