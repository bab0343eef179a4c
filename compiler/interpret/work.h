// Counts the work of a launch without doing it. Programs are walked as the interpreter would run
// them, but of the values only scalars of integers are known, and of tiles only how many of their
// elements come from inside tensors: a product of 64 x 64 tiles over a 50 x 30 matrix counts 50 x
// 30.
//
// Bounds of loops that lie in memory (where a sequence starts) are read. What else depends on data
// is not known: a condition then counts as true, because kernels have the usual path there, and a
// loop as one round. But a condition on integers in memory counts as false: it searches them, and
// finds little of what it looks at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "compiler/base/kernel_work.h"
#include "compiler/ir/function.h"

namespace tile::interpret {

/// Copies from a tensor's memory, which may be a GPU's.
using ReadMemory = std::function<void(std::uint64_t address, void* to, std::size_t bytes)>;

/// An integer that was read on the way: of the tensor whose address is argument word `word`.
struct ReadInteger {
  std::size_t word = 0;
  std::int64_t offset_bytes = 0;
  std::size_t bytes = 0;
  std::int64_t bits = 0;
};

class WorkCounter {
 public:
  /// A kernel as sema left it: functions that passes would inline have names that count.
  explicit WorkCounter(ir::Module module);

  /// `words`: the launch's arguments as driver/compile.h packs them. Work of sizes counted before
  /// is remembered. Not for several threads at once.
  KernelWork count(const std::int64_t* words, const ReadMemory& read);

 private:
  struct Counted {
    std::vector<ReadInteger> read;
    KernelWork work;
  };

  ir::Module module_;
  std::size_t word_count_ = 0;
  std::vector<std::size_t> addresses_;  // which words are tensors' addresses
  std::vector<bool> decides_;           // by value of the kernel: bounds of loops depend on it
  std::map<std::vector<std::int64_t>, std::vector<Counted>> counted_;  // by words but addresses
};

}  // namespace tile::interpret
