// Launches kernels that `tilec build` compiled for a CPU.
#pragma once

#ifndef TILE_CPU_H  // a program may have several copies
#define TILE_CPU_H

#include <atomic>
#include <cstdlib>
#include <limits>

#include "tile_launch.h"

namespace tile_built {

// Whether this CPU has the instructions that code for a target may use. Every CPU with these has
// the target's others (F16C, LZCNT, MOVBE) too, whose names not every compiler knows.
inline bool runs_x86_64_v3() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}
inline bool runs_x86_64_v4() {
  return runs_x86_64_v3() && __builtin_cpu_supports("avx512f") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
inline bool runs_zen5() {
  return runs_x86_64_v4() && __builtin_cpu_supports("avx512ifma") &&
         __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512vbmi2") &&
         __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bitalg") &&
         __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("avx512bf16") &&
         __builtin_cpu_supports("avx512vp2intersect") && __builtin_cpu_supports("gfni") &&
         __builtin_cpu_supports("vpclmulqdq");
}

/// The machine code of one schedule arm. Programs are numbered row-major over the grid.
struct CpuCode {
  void (*grid)(const std::int64_t* arguments, std::int64_t* extents);
  void (*run)(const std::int64_t* arguments, const std::int64_t* extents, std::int64_t begin,
              std::int64_t end, void* scratch);
  std::int64_t scratch_bytes;  // of each thread, 64-byte aligned
  int grid_rank;
};

/// A parallel_for is called as parallel_for(count, body) and calls body(0) .. body(count - 1), in
/// any order and by any threads, and returns when all are done.
struct Serial {
  static constexpr std::int64_t most_chunks = 1;
  template <class Body>
  void operator()(std::int64_t count, Body&& body) const {
    for (std::int64_t i = 0; i < count; ++i) body(i);
  }
};

/// How many pieces a launch is cut into: ParallelFor::most_chunks, or 64.
template <class ParallelFor>
constexpr auto most_chunks(int) -> decltype(ParallelFor::most_chunks) {
  return ParallelFor::most_chunks;
}
template <class ParallelFor>
constexpr std::int64_t most_chunks(long) {
  return 64;
}

template <class ParallelFor>
const char* run(const CpuCode& code, const std::int64_t* words, ParallelFor& parallel_for) {
  std::int64_t extents[8] = {};
  code.grid(words, extents);
  const std::int64_t programs =
      count_programs(extents, code.grid_rank, std::numeric_limits<std::int64_t>::max());
  if (programs < 0) return "the grid has too many programs";
  if (programs == 0) return nullptr;
  const std::int64_t most = most_chunks<ParallelFor>(0);
  const std::int64_t each = programs / most + (programs % most != 0 ? 1 : 0);
  std::atomic<bool> is_out_of_memory{false};
  parallel_for((programs - 1) / each + 1, [&](std::int64_t chunk) {
    constexpr std::int64_t alignment = 64;
    void* scratch = nullptr;
    if (code.scratch_bytes > 0) {
      const std::int64_t bytes = (code.scratch_bytes + alignment - 1) / alignment * alignment;
      scratch = std::aligned_alloc(alignment, static_cast<std::size_t>(bytes));
      if (scratch == nullptr) {
        is_out_of_memory = true;
        return;
      }
    }
    const std::int64_t begin = chunk * each;
    code.run(words, extents, begin, programs - begin < each ? programs : begin + each, scratch);
    std::free(scratch);
  });
  return is_out_of_memory ? "out of memory for a thread's scratch" : nullptr;
}

}  // namespace tile_built

#endif
