// What stands between the brackets of x[...]: an integer, a Slice, None, Ellipsis or an index
// tensor, as in PyTorch:
//   x[0]   x[Slice(1, 5), -1]   x[Ellipsis, None]   x[ids]   x[arange(0, n), targets]   x[mask]
// Integers, slices, None and Ellipsis alone give a view. Index tensors (i32, i64; bool masks stand
// for the indices of their true elements) copy; see Tensor::index in tensor.h.
#pragma once

#include <concepts>
#include <variant>
#include <vector>

#include "runtime/tensor/tensor.h"

namespace pg {

/// A new dimension of size 1; as bound of a Slice: the end of the dimension.
struct NoneType {};
inline constexpr NoneType None;
/// As many whole dimensions as the other indices leave.
struct EllipsisType {};
inline constexpr EllipsisType Ellipsis;

/// start, start + step, ... below stop, as start:stop:step in Python: negative bounds count from
/// the end, bounds outside are clamped. The step is positive.
struct Slice {
  struct Bound {
    std::optional<std::int64_t> value = {};
    Bound(NoneType) {}
    Bound(std::int64_t value) : value(value) {}
  };

  Slice() = default;
  Slice(Bound start, Bound stop, std::int64_t step = 1)
      : start(start.value), stop(stop.value), step(step) {}

  std::optional<std::int64_t> start = {};
  std::optional<std::int64_t> stop = {};
  std::int64_t step = 1;
};

/// One entry of an index.
class TensorIndex {
 public:
  using Value = std::variant<std::int64_t, Slice, NoneType, EllipsisType, Tensor>;

  template <std::integral T>
    requires(!std::same_as<T, bool>)
  TensorIndex(T position) : value_(static_cast<std::int64_t>(position)) {}
  TensorIndex(Slice slice) : value_(slice) {}
  TensorIndex(NoneType) : value_(None) {}
  TensorIndex(EllipsisType) : value_(Ellipsis) {}
  TensorIndex(Tensor ids) : value_(std::move(ids)) {}

  const Value& value() const { return value_; }

 private:
  Value value_;
};

using TensorIndices = std::vector<TensorIndex>;

/// What x[...] returns: the elements, and where they came from, so that `x[...] = y` writes there.
/// The elements at index tensors are copied even then, since `auto rows = x[ids]` must not see what
/// is written to x later; x.index_put_({ids}, y) reads nothing.
/// Assigning to a variable of this type (auto row = x[0]; row = y;) makes it another tensor, as in
/// Python.
class IndexedTensor : public Tensor {
 public:
  IndexedTensor(const Tensor& base, TensorIndices indices);
  IndexedTensor(const IndexedTensor&) = default;
  IndexedTensor(IndexedTensor&&) = default;

  /// Tensor::index_put_ on the indexed tensor.
  void operator=(const Tensor& values) &&;
  void operator=(const IndexedTensor& values) &&;
  void operator=(double value) &&;
  void operator+=(const Tensor& values) &&;
  void operator-=(const Tensor& values) &&;
  void operator*=(const Tensor& values) &&;
  void operator/=(const Tensor& values) &&;
  void operator+=(double value) &&;
  void operator-=(double value) &&;
  void operator*=(double value) &&;
  void operator/=(double value) &&;

  Tensor& operator=(const Tensor& other) & { return Tensor::operator=(other); }
  Tensor& operator=(const IndexedTensor& other) & { return Tensor::operator=(other); }

 private:
  Tensor base_;
  TensorIndices indices_;
};

template <typename... Indices>
IndexedTensor Tensor::operator[](const Indices&... indices) const {
  return IndexedTensor(*this, TensorIndices{TensorIndex(indices)...});
}

}  // namespace pg
