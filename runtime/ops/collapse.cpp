// See collapse.h.
#include "runtime/ops/collapse.h"

namespace pg::ops {

namespace {

/// Stride of a dimension that is never stepped along: neither 0 nor 1 and a multiple of 64 bytes,
/// so that it changes no stride class.
constexpr std::int64_t unused_stride = 64;

}  // namespace

LoopSpace::LoopSpace(const Shape& shape, std::initializer_list<const Tensor*> operands) {
  for (const Tensor* x : operands) {
    Operand& operand = operands_[operand_count_++];
    operand.data = static_cast<char*>(x->data());
    operand.device = x->device();
    operand.element = element_of(x->dtype());
    operand.element_bytes = static_cast<int>(element_bytes(x->dtype(), x->device()));
  }
  // Built from the innermost dimension outward into the end of the arrays, then moved to the front.
  int first = kMaxRank;
  for (int d = shape.size(); d-- > 0;) {
    if (shape[d] == 0) is_empty_ = true;
    if (shape[d] == 1) continue;
    std::int64_t strides[max_operands];
    bool merges = first < kMaxRank;
    int i = 0;
    for (const Tensor* x : operands) {
      const int own = d - (shape.size() - x->dim());
      strides[i] = own < 0 || x->shape()[own] == 1 ? 0 : x->strides()[own];
      merges = merges && strides[i] == operands_[i].strides[first] * sizes_[first];
      ++i;
    }
    if (merges) {
      sizes_[first] *= shape[d];
      continue;
    }
    sizes_[--first] = shape[d];
    for (i = 0; i < operand_count_; ++i) operands_[i].strides[first] = strides[i];
  }
  const int found = kMaxRank - first;
  rank_ = found < kernel_rank ? kernel_rank : found;
  for (int d = 0; d < rank_; ++d) {
    const int from = first + d - (rank_ - found);
    const bool is_real = from >= first && from < kMaxRank && d >= rank_ - found;
    sizes_[d] = is_real ? sizes_[from] : 1;
    for (int i = 0; i < operand_count_; ++i) {
      std::int64_t* strides = operands_[i].strides;
      strides[d] = is_real ? strides[from] : d == rank_ - 1 ? 1 : unused_stride;
    }
  }
}

bool LoopSpace::turns() const {
  const int last = rank_ - 1;
  return operands_[0].strides[last - 1] == 1 && operands_[0].strides[last] != 1 &&
         sizes_[last - 1] >= 16 && sizes_[last] >= 16;
}

void LoopSpace::fill(std::array<Argument, max_operands>& arguments,
                     const std::array<std::int64_t, kMaxRank>& index) const {
  const int outer = rank_ - kernel_rank;
  for (int i = 0; i < operand_count_; ++i) {
    const Operand& operand = operands_[i];
    std::int64_t offset = 0;
    for (int d = 0; d < outer; ++d)
      offset += index[static_cast<std::size_t>(d)] * operand.strides[d];
    arguments[static_cast<std::size_t>(i)] =
        Argument::tensor(operand.data + offset * operand.element_bytes, operand.element,
                         kernel_rank, sizes_ + outer, operand.strides + outer, operand.device);
  }
}

bool LoopSpace::advance(std::array<std::int64_t, kMaxRank>& index) const {
  for (int d = rank_ - kernel_rank; d-- > 0;) {
    if (++index[static_cast<std::size_t>(d)] < sizes_[d]) return true;
    index[static_cast<std::size_t>(d)] = 0;
  }
  return false;
}

}  // namespace pg::ops
