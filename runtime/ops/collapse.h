// The loop space of an element-wise launch: dimensions of size 1 are dropped and neighbours that
// every operand steps through evenly become one, so that a packed tensor of any rank is a single
// dimension and kernels of rank 4 serve everything. What does not fit in 4 dimensions is looped
// over by the host.
#pragma once

#include <array>
#include <span>

#include "runtime/tensor/launch.h"

namespace pg::ops {

inline constexpr int kernel_rank = 4;
inline constexpr int max_operands = 4;

/// An operand seen under the common shape: stride 0 where it is broadcast.
struct Operand {
  std::int64_t strides[kMaxRank];
  char* data = nullptr;
  Device device;
  Element element = Element::F32;
  int element_bytes = 4;
};

class LoopSpace {
 public:
  /// Tensors must broadcast to `shape`.
  LoopSpace(const Shape& shape, std::initializer_list<const Tensor*> operands);

  bool is_empty() const { return is_empty_; }
  /// Operand 0 has its unit stride in the last dimension but one, and both are long.
  bool turns() const;
  /// Calls launch(arguments) once per part of rank 4; arguments[i] is operand i.
  template <class Launch>
  void for_each_part(Launch&& launch) const {
    std::array<Argument, max_operands> arguments;
    std::array<std::int64_t, kMaxRank> index{};
    do {
      fill(arguments, index);
      launch(arguments);
    } while (advance(index));
  }

 private:
  void fill(std::array<Argument, max_operands>& arguments,
            const std::array<std::int64_t, kMaxRank>& index) const;
  bool advance(std::array<std::int64_t, kMaxRank>& index) const;

  int rank_ = 0;  // at least kernel_rank
  int operand_count_ = 0;
  bool is_empty_ = false;
  std::int64_t sizes_[kMaxRank];
  Operand operands_[max_operands];
};

}  // namespace pg::ops
