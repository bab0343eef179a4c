// See cuda_memory.h.
#include "runtime/device/cuda_memory.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <vector>

#include "runtime/device/cuda_device.h"
#include "runtime/device/cuda_watch.h"
#include "runtime/device/error.h"

namespace pg::cuda {

namespace {

constexpr std::size_t granularity = 512;
constexpr std::size_t mebibyte = std::size_t{1} << 20;
/// Requests up to here share small segments, and live apart from large ones, which would otherwise
/// find their blocks cut up by small tensors that stay.
constexpr std::size_t small_limit = mebibyte;
constexpr std::size_t small_segment = 2 * mebibyte;
constexpr std::size_t medium_segment = 20 * mebibyte;
constexpr std::size_t medium_limit = 10 * mebibyte;

std::size_t round_up(std::size_t value, std::size_t step) {
  return (value + step - 1) / step * step;
}

bool is_small(std::size_t bytes) { return bytes <= small_limit; }

std::size_t segment_size(std::size_t bytes) {
  if (is_small(bytes)) return small_segment;
  if (bytes < medium_limit) return medium_segment;
  return round_up(bytes, 2 * mebibyte);
}

/// By GPU, for buffers that are given back: that must not fail, so it asks the driver nothing.
std::array<std::atomic<Memory*>, max_cuda_devices> memories;

std::string size_text(std::size_t bytes) {
  if (bytes < mebibyte) return fmt::format("{:.1f} KiB", static_cast<double>(bytes) / 1024);
  return fmt::format("{:.1f} MiB", static_cast<double>(bytes) / static_cast<double>(mebibyte));
}

}  // namespace

Memory::Memory(const Gpu& gpu) : gpu_(gpu) {
  memories[static_cast<std::size_t>(gpu.index)].store(this);
}

Address Memory::take(std::string_view op, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  const std::size_t rounded = round_up(bytes, granularity);
  Block* block = find(rounded);
  if (block != nullptr) {
    statistics_.reuses += 1;
  } else {
    block = add_segment(rounded);
    if (block == nullptr && flush() > 0) block = add_segment(rounded);
    if (block == nullptr) fail_exhausted(op, bytes);
  }
  free_blocks(block->is_small).erase(block);
  statistics_.cached_bytes -= block->bytes;
  split(*block, rounded);
  block->is_free = false;
  block->requested = bytes;
  const std::size_t length = std::min(op.size(), sizeof block->op - 1);
  std::memcpy(block->op, op.data(), length);
  block->op[length] = '\0';
  live_.emplace(block->address, block);
  statistics_.allocations += 1;
  statistics_.live_bytes += block->bytes;
  statistics_.peak_bytes = std::max(statistics_.peak_bytes, statistics_.live_bytes);
  return block->address;
}

void Memory::give(Address address) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = live_.find(address);
  if (found == live_.end()) return;
  Block* block = found->second;
  live_.erase(found);
  statistics_.live_bytes -= block->bytes;
  statistics_.cached_bytes += block->bytes;
  block->is_free = true;
  if (block->next != nullptr && block->next->is_free) {
    free_blocks(block->is_small).erase(block->next);
    join_next(*block);
  }
  if (block->previous != nullptr && block->previous->is_free) {
    block = block->previous;
    free_blocks(block->is_small).erase(block);
    join_next(*block);
  }
  free_blocks(block->is_small).insert(block);
}

/// The smallest free block that serves, or null.
Memory::Block* Memory::find(std::size_t bytes) {
  Block wanted;
  wanted.bytes = bytes;
  const FreeBlocks& blocks = free_blocks(is_small(bytes));
  const auto found = blocks.lower_bound(&wanted);
  return found == blocks.end() ? nullptr : *found;
}

/// A free block that is a whole new segment, listed as free; null when the driver has no memory.
Memory::Block* Memory::add_segment(std::size_t bytes) {
  const Api& driver = api("memory");
  std::size_t size = segment_size(bytes);
  Address address = 0;
  Result code = driver.cuMemAlloc(&address, size);
  if (code == error_out_of_memory && size > bytes) {
    size = round_up(bytes, 2 * mebibyte);
    code = driver.cuMemAlloc(&address, size);
  }
  if (code == error_out_of_memory) return nullptr;
  check("memory", "cuMemAlloc", code);
  auto* block = new Block;
  block->address = address;
  block->bytes = size;
  block->is_small = is_small(bytes);
  free_blocks(block->is_small).insert(block);
  statistics_.cached_bytes += size;
  return block;
}

/// Cuts what is not needed off the end, if another request could use it.
void Memory::split(Block& block, std::size_t bytes) {
  const std::size_t rest = block.bytes - bytes;
  const std::size_t least = is_small(bytes) ? granularity : small_limit;
  if (rest < least) return;
  auto* tail = new Block;
  tail->address = block.address + bytes;
  tail->bytes = rest;
  tail->is_small = block.is_small;
  tail->previous = &block;
  tail->next = block.next;
  if (tail->next != nullptr) tail->next->previous = tail;
  block.next = tail;
  block.bytes = bytes;
  free_blocks(tail->is_small).insert(tail);
  statistics_.cached_bytes += rest;
}

/// Makes the following block, free and not listed, part of this one.
void Memory::join_next(Block& block) {
  Block* next = block.next;
  block.bytes += next->bytes;
  block.next = next->next;
  if (block.next != nullptr) block.next->previous = &block;
  delete next;
}

/// Frees the blocks that are whole segments; returns their bytes.
std::size_t Memory::flush(FreeBlocks& blocks) {
  std::size_t given = 0;
  for (auto at = blocks.begin(); at != blocks.end();) {
    Block* block = *at;
    if (block->previous != nullptr || block->next != nullptr) {
      ++at;
      continue;
    }
    at = blocks.erase(at);
    check("memory", "cuMemFree", api("memory").cuMemFree(block->address));
    given += block->bytes;
    delete block;
  }
  statistics_.cached_bytes -= given;
  return given;
}

std::size_t Memory::flush() {
  // Queued work may still use what its owners have given back.
  wait_for_stream("memory", gpu_);
  return flush(small_free_) + flush(large_free_);
}

void Memory::release_cached() {
  const std::lock_guard lock(mutex_);
  flush();
}

std::string Memory::largest_live() const {
  std::vector<const Block*> blocks;
  for (const auto& [address, block] : live_) blocks.push_back(block);
  std::sort(blocks.begin(), blocks.end(), [](const Block* a, const Block* b) {
    return a->requested != b->requested ? a->requested > b->requested : a->address < b->address;
  });
  std::string text;
  for (std::size_t i = 0; i < blocks.size() && i < 10; ++i) {
    text += fmt::format("\n  {:>12}  {}", size_text(blocks[i]->requested), blocks[i]->op);
  }
  return text;
}

void Memory::fail_exhausted(std::string_view op, std::size_t bytes) {
  std::size_t free = 0;
  std::size_t total = 0;
  check(op, "cuMemGetInfo", api(op).cuMemGetInfo(&free, &total));
  const std::size_t cached = large_free_.empty() ? 0 : (*large_free_.rbegin())->bytes;
  throw OutOfMemory(fmt::format(
      "{}: out of memory on cuda:{}: {} requested; {} of {} free, {} live in {} tensors (peak {}), "
      "largest cached block {}. A smaller batch, sequence or model helps. Largest tensors, and the "
      "op that made them:{}",
      op, gpu_.index, size_text(bytes), size_text(free), size_text(total),
      size_text(statistics_.live_bytes), live_.size(), size_text(statistics_.peak_bytes),
      size_text(cached), largest_live()));
}

MemoryStatistics Memory::statistics() const {
  const std::lock_guard lock(mutex_);
  return statistics_;
}

void Memory::reset_peak() {
  const std::lock_guard lock(mutex_);
  statistics_.peak_bytes = statistics_.live_bytes;
}

std::byte* take_memory(std::string_view op, int index, std::size_t bytes) {
  return reinterpret_cast<std::byte*>(gpu(op, index).memory->take(op, bytes));
}

void give_memory(int index, std::byte* data) noexcept {
  memories[static_cast<std::size_t>(index)].load()->give(reinterpret_cast<Address>(data));
}

std::size_t pool_bytes(std::size_t bytes) { return round_up(bytes, granularity); }

MemoryStatistics memory_statistics(int index) {
  return gpu("memory_statistics", index).memory->statistics();
}
void reset_peak_memory(int index) { gpu("reset_peak_memory", index).memory->reset_peak(); }
void release_cached_memory(int index) {
  gpu("release_cached_memory", index).memory->release_cached();
}

}  // namespace pg::cuda
