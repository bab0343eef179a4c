// Tensors of the harness: by value (row-major bytes), and placed in memory under some layout with
// guard bytes around and between the elements, so that stray writes show.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "compiler/driver/compile.h"
#include "compiler/ir/type.h"

namespace tile::harness {

struct HostTensor {
  ir::ElementType element = ir::ElementType::F32;
  std::vector<std::int64_t> sizes = {};
  std::vector<std::byte> bytes = {};  // row-major

  HostTensor() = default;
  HostTensor(ir::ElementType element, std::vector<std::int64_t> sizes);
  std::int64_t count() const;
  double number(std::int64_t index) const;
  void set(std::int64_t index, double value);  // rounds to the element type
  void set_bits(std::int64_t index, std::uint64_t bits);
  std::uint64_t bits(std::int64_t index) const;
};

/// Index and both values of the first element whose bits differ; all NaNs are one value.
std::optional<std::string> first_difference(const HostTensor& left, const HostTensor& right);

enum class Layout : std::uint8_t {
  Packed,    // row-major
  Padded,    // rows longer than the tensor; unit stride innermost
  Reversed,  // column-major
  Strided,   // no unit stride, dimension 0 backwards
  Repeated,  // dimension 0 has stride 0: inputs only, whose elements must agree along it
};

/// Makes the elements agree along dimension 0.
void repeat_first(HostTensor& tensor);

class PlacedTensor {
 public:
  PlacedTensor(const HostTensor& tensor, Layout layout);

  void* data() const { return memory_.get() + first_; }
  const std::vector<std::int64_t>& sizes() const { return sizes_; }
  const std::vector<std::int64_t>& strides() const { return strides_; }
  /// As the launcher computes it for an argument on a CPU, or on a GPU that has the bytes at
  /// equally aligned addresses.
  StrideClass stride_class(bool on_gpu) const;
  HostTensor take() const;
  /// All of it, guards included, and where in it the element at index 0 is.
  std::span<std::byte> memory() const { return {memory_.get(), bytes_}; }
  std::size_t first() const { return first_; }
  /// True when no byte outside the elements changed.
  bool guards_intact() const;

 private:
  std::int64_t offset_of(std::int64_t index) const;  // row-major number to element offset

  ir::ElementType element_;
  std::vector<std::int64_t> sizes_;
  std::vector<std::int64_t> strides_;
  std::size_t bytes_ = 0;  // of memory_
  std::size_t first_ = 0;  // byte offset of element 0
  std::shared_ptr<std::byte> memory_;
};

}  // namespace tile::harness
