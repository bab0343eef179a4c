// Device memory for tensors, in the manner of PyTorch's caching allocator: memory is asked from the
// driver in segments, cut into blocks, and a freed block is joined with its free neighbours and
// kept. All work on a GPU goes to one stream, so a block may be handed out again as soon as its
// owner gave it back: whoever uses it next is queued behind whoever used it last.
#pragma once

#include <cstddef>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

#include "runtime/device/buffer.h"
#include "runtime/device/cuda_api.h"

namespace pg::cuda {

struct Gpu;

class Memory {
 public:
  explicit Memory(const Gpu& gpu);
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;

  /// At least `bytes` > 0, 512-byte aligned. Throws OutOfMemory with the state of the memory when
  /// the driver has none left even after the cache was given back.
  Address take(std::string_view op, std::size_t bytes);
  void give(Address address) noexcept;
  /// Gives segments without live blocks back to the driver, after the queued work that may still
  /// use them.
  void release_cached();

  MemoryStatistics statistics() const;
  void reset_peak();

 private:
  /// Part of a segment; neighbours in it are linked by address.
  struct Block {
    Address address = 0;
    std::size_t bytes = 0;
    std::size_t requested = 0;
    Block* previous = nullptr;
    Block* next = nullptr;
    bool is_free = true;
    bool is_small = false;  // its segment is for small requests
    char op[22] = "";       // who asked for it, shortened
  };
  struct BySize {
    bool operator()(const Block* a, const Block* b) const {
      return a->bytes != b->bytes ? a->bytes < b->bytes : a->address < b->address;
    }
  };

  using FreeBlocks = std::set<Block*, BySize>;
  FreeBlocks& free_blocks(bool is_small) { return is_small ? small_free_ : large_free_; }

  Block* find(std::size_t bytes);
  Block* add_segment(std::size_t bytes);
  void split(Block& block, std::size_t bytes);
  void join_next(Block& block);
  std::size_t flush();
  std::size_t flush(FreeBlocks& blocks);
  [[noreturn]] void fail_exhausted(std::string_view op, std::size_t bytes);
  std::string largest_live() const;

  const Gpu& gpu_;
  mutable std::mutex mutex_;
  FreeBlocks small_free_;
  FreeBlocks large_free_;
  std::unordered_map<Address, Block*> live_;
  MemoryStatistics statistics_;
};

/// What a request for so many bytes takes (pool.h).
std::size_t pool_bytes(std::size_t bytes);

}  // namespace pg::cuda
