// What the headers that `tilec build` writes share: tensor arguments, argument words, checks. C++17
// and nothing else; any compiler will do.
#pragma once

#ifndef TILE_LAUNCH_H  // a program may have several copies
#define TILE_LAUNCH_H

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace tile_built {

/// A tensor argument: an address and, per dimension, a size and a stride in elements.
template <class T, int rank>
struct Tensor {
  T* data;
  std::int64_t sizes[rank];
  std::int64_t strides[rank];
};

/// Row-major without gaps: packed(data, rows, columns).
template <class T, class... Sizes>
Tensor<T, static_cast<int>(sizeof...(Sizes))> packed(T* data, Sizes... sizes) {
  constexpr int rank = static_cast<int>(sizeof...(Sizes));
  Tensor<T, rank> tensor = {data, {static_cast<std::int64_t>(sizes)...}, {}};
  std::int64_t stride = 1;
  for (int d = rank; d-- > 0; stride *= tensor.sizes[d]) tensor.strides[d] = stride;
  return tensor;
}

/// A launch's arguments as 64-bit words: a tensor is its address, sizes and strides; a scalar its
/// bits.
template <class T, int rank>
std::int64_t* add_words(std::int64_t* words, const Tensor<T, rank>& tensor) {
  *words++ = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(tensor.data));
  for (int d = 0; d < rank; ++d) *words++ = tensor.sizes[d];
  for (int d = 0; d < rank; ++d) *words++ = tensor.strides[d];
  return words;
}
inline std::int64_t* add_words(std::int64_t* words, float scalar) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &scalar, sizeof bits);
  *words++ = bits;
  return words;
}
template <class T>
std::int64_t* add_words(std::int64_t* words, T scalar) {
  *words++ = static_cast<std::int64_t>(scalar);
  return words;
}

/// The strides that code was made for: dimension `unit_dim` (if not below 0) has stride 1, and,
/// when aligned, vectors of 16 bytes along it never straddle.
template <class T, int rank>
bool suits(const Tensor<T, rank>& tensor, int unit_dim, bool is_aligned) {
  if (unit_dim < 0) return true;
  if (tensor.strides[unit_dim] != 1 && tensor.sizes[unit_dim] > 1) return false;
  if (!is_aligned) return true;
  constexpr std::int64_t alignment = 16, bytes = sizeof(T);
  if (reinterpret_cast<std::uintptr_t>(tensor.data) % alignment != 0) return false;
  if (tensor.sizes[unit_dim] * bytes % alignment != 0) return false;
  for (int d = 0; d < rank; ++d) {
    if (d == unit_dim || tensor.sizes[d] <= 1) continue;
    if (tensor.strides[d] * bytes % alignment != 0) return false;
  }
  return true;
}

/// The number of programs of a grid; -1 when there are more than `limit`.
inline std::int64_t count_programs(const std::int64_t* extents, int rank, std::int64_t limit) {
  std::int64_t programs = 1;
  for (int axis = 0; axis < rank; ++axis) {
    if (extents[axis] <= 0) return 0;
  }
  for (int axis = 0; axis < rank; ++axis) {
    if (extents[axis] > limit / programs) return -1;
    programs *= extents[axis];
  }
  return programs;
}

// 64-bit integers of a grid's extents: they wrap, x / 0 is 0 and x % 0 is x.
inline std::int64_t add(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
inline std::int64_t sub(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
inline std::int64_t mul(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) * static_cast<std::uint64_t>(b));
}
inline std::int64_t div(std::int64_t a, std::int64_t b) {
  return b == 0 ? 0 : b == -1 ? sub(0, a) : a / b;
}
inline std::int64_t rem(std::int64_t a, std::int64_t b) { return b == 0 ? a : b == -1 ? 0 : a % b; }

}  // namespace tile_built

#endif
