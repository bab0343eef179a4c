// See buffer.h.
#include "runtime/device/buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "runtime/device/cuda_device.h"
#include "runtime/device/cuda_memory.h"
#include "runtime/device/error.h"
#include "runtime/device/pool.h"

namespace pg {

namespace {

constexpr std::size_t alignment = 64;
constexpr std::size_t address_space = std::size_t{1} << 47;  // no request beyond is worth making

/// Sizes in the pool: multiples of 64 up to 512, then eight steps per power of two. A freed buffer
/// then serves most later requests of about its size, and at most an eighth of it is wasted.
std::size_t pool_size(std::size_t bytes) {
  const std::size_t step = bytes <= 512 ? alignment : std::bit_floor(bytes - 1) / 8;
  return (bytes + step - 1) / step * step;
}

/// From this size on, memory is asked for in huge pages: a kernel that walks down the columns of a
/// large matrix touches a page an element, which is more than the processor's tables remember.
constexpr std::size_t huge_page = std::size_t{2} << 20;
constexpr std::size_t huge_from = 2 * huge_page;

/// Null when the system has no memory. `bytes` is a pool size.
std::byte* request(std::size_t bytes) {
  if (bytes < huge_from) return static_cast<std::byte*>(std::aligned_alloc(alignment, bytes));
  void* data = std::aligned_alloc(huge_page, (bytes + huge_page - 1) / huge_page * huge_page);
  // Advice alone: a system that does not follow it is slower, no more.
  if (data != nullptr) madvise(data, bytes, MADV_HUGEPAGE);
  return static_cast<std::byte*>(data);
}

bool poison_at_start() {
  const char* set = std::getenv("PICOGRAD_POISON");
  return set != nullptr && std::strcmp(set, "1") == 0;
}

/// Never destroyed: tensors in static variables return their memory after main.
struct Pool {
  std::mutex mutex;
  std::map<std::size_t, std::vector<std::byte*>> free;  // by pool size
  MemoryStatistics statistics;
  std::atomic<bool> poison = poison_at_start();

  /// Null when the system has no memory.
  std::byte* take(std::size_t bytes) {
    const std::lock_guard lock(mutex);
    if (bytes > address_space) return nullptr;
    std::byte* data = take_cached(bytes);
    if (data == nullptr) data = request(bytes);
    if (data == nullptr) {
      release_cached();
      data = request(bytes);
    }
    if (data == nullptr) return nullptr;
    statistics.allocations += 1;
    statistics.live_bytes += bytes;
    statistics.peak_bytes = std::max(statistics.peak_bytes, statistics.live_bytes);
    return data;
  }

  void give(std::byte* data, std::size_t bytes) {
    const std::lock_guard lock(mutex);
    free[bytes].push_back(data);
    statistics.live_bytes -= bytes;
    statistics.cached_bytes += bytes;
  }

  void release_cached() {
    for (auto& [bytes, buffers] : free) {
      for (std::byte* buffer : buffers) std::free(buffer);
    }
    free.clear();
    statistics.cached_bytes = 0;
  }

 private:
  std::byte* take_cached(std::size_t bytes) {
    auto found = free.find(bytes);
    if (found == free.end() || found->second.empty()) return nullptr;
    std::byte* data = found->second.back();
    found->second.pop_back();
    statistics.reuses += 1;
    statistics.cached_bytes -= bytes;
    return data;
  }
};

Pool& pool() {
  static auto* instance = new Pool;
  return *instance;
}

}  // namespace

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_bytes_(std::exchange(other.size_bytes_, 0)),
      device_(other.device_) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_bytes_, other.size_bytes_);
  std::swap(device_, other.device_);
  return *this;
}

Buffer::~Buffer() {
  if (data_ == nullptr) return;
  if (device_.is_cuda()) {
    cuda::give_memory(device_.index, data_);
  } else {
    pool().give(data_, pool_size(size_bytes_));
  }
}

Buffer allocate(std::string_view op, std::int64_t count, std::int64_t element_bytes,
                Device device) {
  std::int64_t bytes = 0;
  if (count < 0 || element_bytes < 0 || __builtin_mul_overflow(count, element_bytes, &bytes) ||
      bytes > (std::int64_t{1} << 56)) {
    fail(op, "cannot allocate {} elements of {} bytes", count, element_bytes);
  }
  if (bytes == 0) return {};
  const auto size = static_cast<std::size_t>(bytes);
  std::byte* data =
      device.is_cuda() ? cuda::take_memory(op, device.index, size) : pool().take(pool_size(size));
  if (data == nullptr) {
    const MemoryStatistics now = memory_statistics();
    throw OutOfMemory(
        fmt::format("{}: out of memory: {} bytes requested, {} bytes live in tensors (peak {})", op,
                    bytes, now.live_bytes, now.peak_bytes));
  }
  if (pool().poison.load(std::memory_order_relaxed)) fill_bytes(data, device, 0xff, size);
  return Buffer(data, size, device);
}

std::size_t pool_bytes(std::size_t bytes, Device device) {
  if (bytes == 0) return 0;
  return device.is_cuda() ? cuda::pool_bytes(bytes) : pool_size(bytes);
}

MemoryStatistics memory_statistics(Device device) {
  if (device.is_cuda()) return cuda::memory_statistics(device.index);
  const std::lock_guard lock(pool().mutex);
  return pool().statistics;
}

void reset_peak_memory(Device device) {
  if (device.is_cuda()) return cuda::reset_peak_memory(device.index);
  const std::lock_guard lock(pool().mutex);
  pool().statistics.peak_bytes = pool().statistics.live_bytes;
}

void release_cached_memory(Device device) {
  if (device.is_cuda()) return cuda::release_cached_memory(device.index);
  const std::lock_guard lock(pool().mutex);
  pool().release_cached();
}

void set_memory_poison(bool enabled) { pool().poison = enabled; }
bool memory_poison() { return pool().poison; }

}  // namespace pg
