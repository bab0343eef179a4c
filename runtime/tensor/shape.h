// Shapes and strides: a short list of 64-bit numbers held in place (no heap), and the arithmetic on
// them that every op needs, with overflow checks. Functions that can fail take the op's name, which
// opens the message of the pg::Error they throw.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace pg {

inline constexpr int kMaxRank = 8;

/// Up to kMaxRank numbers, one per dimension. Used for shapes, strides (in elements) and axis
/// lists.
class Dims {
 public:
  Dims() = default;
  Dims(std::initializer_list<std::int64_t> values)
      : Dims(std::span(values.begin(), values.size())) {}
  explicit Dims(std::span<const std::int64_t> values);
  /// One number: x.sum(0), zeros(3).
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Dims(T value) : Dims({static_cast<std::int64_t>(value)}) {}
  /// `count` times `value`.
  static Dims filled(int count, std::int64_t value);

  int size() const { return size_; }
  bool empty() const { return size_ == 0; }
  std::int64_t& operator[](int i) { return values_[i]; }
  std::int64_t operator[](int i) const { return values_[i]; }
  std::int64_t back() const { return values_[size_ - 1]; }
  const std::int64_t* data() const { return values_; }
  const std::int64_t* begin() const { return values_; }
  const std::int64_t* end() const { return values_ + size_; }
  std::int64_t* begin() { return values_; }
  std::int64_t* end() { return values_ + size_; }
  std::span<const std::int64_t> span() const { return {values_, static_cast<std::size_t>(size_)}; }

  /// Throw pg::Error ("shape: ...") when the list would exceed kMaxRank.
  void push_back(std::int64_t value);
  void insert(int position, std::int64_t value);
  void erase(int position);

  bool operator==(const Dims& other) const;

 private:
  std::int64_t values_[kMaxRank];
  int size_ = 0;
};

using Shape = Dims;
using Strides = Dims;

/// "[2, 3]"; a scalar is "[]".
std::string to_string(const Dims& dims);

/// The product of the sizes; an error when a size is negative or the product does not fit in 63
/// bits.
std::int64_t element_count(std::string_view op, const Shape& shape);

/// Row-major strides of a packed tensor. Size-0 and size-1 dimensions count as 1.
Strides contiguous_strides(const Shape& shape);

/// The common shape, aligned at the last dimension, sizes equal or 1; error "add: shapes [..] and
/// [..] ...".
Shape broadcast_shapes(std::string_view op, const Shape& a, const Shape& b);

/// Maps -rank <= axis < rank to 0 <= axis < rank; error otherwise.
int normalize_axis(std::string_view op, int axis, int rank);

/// The same for a list without repetition; an empty list means all axes. The result is ascending.
Dims normalize_axes(std::string_view op, const Dims& axes, int rank);

/// The product of the sizes from dimension `begin` to before `end`, of a shape whose element_count
/// was checked.
std::int64_t count_between(const Shape& shape, int begin, int end);

/// [before, axis, after]: a packed tensor's shape as three, the one of `axis` in the middle.
Shape three_parts(const Shape& shape, int axis);

/// The order of dimensions that moves `axes` (ascending, normalized) behind the others.
Dims order_with_last(const Dims& axes, int rank);

/// The order that undoes `order` when a tensor is permuted.
Dims inverse_order(const Dims& order);

/// `shape` without `axes` (ascending, normalized), or with them as size 1.
Shape reduced_shape(const Shape& shape, const Dims& axes, bool keepdim);

}  // namespace pg
