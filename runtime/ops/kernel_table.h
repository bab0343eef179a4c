// Kernel handles of one operation family, made at their first use and kept: looking a handle up by
// name costs more than a small launch.
#pragma once

#include <array>
#include <mutex>

#include "runtime/device/kernel.h"

namespace pg::ops {

template <std::size_t Count>
class KernelTable {
 public:
  /// Handle `i`; make() builds it once.
  template <class Make>
  const Kernel& get(std::size_t i, Make&& make) {
    std::call_once(flags_[i], [&] { kernels_[i] = make(); });
    return kernels_[i];
  }

 private:
  std::array<std::once_flag, Count> flags_;
  std::array<Kernel, Count> kernels_;
};

/// Blocks of streaming row kernels: 256 elements, the lanes of sum, or less where that covers the
/// row.
inline constexpr std::size_t lane_choices = 3;
constexpr std::size_t lane_choice(std::int64_t n) { return n <= 64 ? 0 : n <= 128 ? 1 : 2; }
constexpr int lane_count(std::size_t choice) { return 64 << choice; }
/// Tiles that hold a row of n elements: the next power of two, from 512 on.
inline constexpr std::size_t held_choices = 5;
constexpr std::size_t held_choice(std::int64_t n) {
  std::size_t choice = 0;
  while ((std::int64_t{512} << choice) < n) ++choice;
  return choice;
}
constexpr int held_count(std::size_t choice) { return 512 << choice; }

}  // namespace pg::ops
