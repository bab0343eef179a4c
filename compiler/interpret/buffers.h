// Gives every value of a function an address before anything runs: scalars and constants keep a
// cell of their own, tiles share one arena in which a buffer is free again after the last use of
// its value. The carried values of a loop, its region arguments and its results are one buffer.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "compiler/ir/function.h"

namespace tile::interpret {

struct Buffers {
  std::vector<std::byte*> values;  // by ValueId; null for tensors; aligned to 64 bytes (scalars: 8)
  std::vector<bool> is_static;     // known before the kernel runs; the buffer is never shared
  std::shared_ptr<void> memory;
  std::size_t arena_bytes = 0;
};

Buffers place_values(const ir::Function& function, bool real);

}  // namespace tile::interpret
