// Element types of tensors and what the runtime knows of each: its size and its name in kernels.
// Nothing else may assume an element size, so that more types only need a row here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "runtime/device/device.h"

namespace pg {

enum class DType : std::uint8_t { F32, I32, I64, Bool };

inline constexpr std::size_t dtype_count = 4;
/// A type's place in tables of dtype_count.
constexpr std::size_t slot_of(DType type) { return static_cast<std::size_t>(type); }

/// Bytes of one element on the host and in files; a Bool is one byte, 0 or 1.
constexpr std::int64_t element_bytes(DType type) {
  switch (type) {
    case DType::F32:
      return 4;
    case DType::I32:
      return 4;
    case DType::I64:
      return 8;
    case DType::Bool:
      return 1;
  }
  return 0;
}

/// Bytes of one element in the device's memory: an f32 is a double on `real`.
constexpr std::int64_t element_bytes(DType type, Device device) {
  return device.is_real() && type == DType::F32 ? 8 : element_bytes(type);
}

/// The tile language's name: "f32", "i32", "i64", "bool".
constexpr std::string_view name_of(DType type) {
  switch (type) {
    case DType::F32:
      return "f32";
    case DType::I32:
      return "i32";
    case DType::I64:
      return "i64";
    case DType::Bool:
      return "bool";
  }
  return "?";
}

/// The inverse of name_of.
constexpr std::optional<DType> dtype_named(std::string_view name) {
  for (DType type : {DType::F32, DType::I32, DType::I64, DType::Bool}) {
    if (name_of(type) == name) return type;
  }
  return std::nullopt;
}

/// The type in which operands of two types meet: bool < i32 < i64 < f32.
constexpr DType higher(DType a, DType b) {
  for (DType type : {DType::F32, DType::I64, DType::I32}) {
    if (a == type || b == type) return type;
  }
  return DType::Bool;
}

constexpr bool is_integer(DType type) { return type == DType::I32 || type == DType::I64; }

namespace detail {
template <typename T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::F32;
};
template <>
struct DTypeOf<std::int32_t> {
  static constexpr DType value = DType::I32;
};
template <>
struct DTypeOf<std::int64_t> {
  static constexpr DType value = DType::I64;
};
template <>
struct DTypeOf<bool> {
  static constexpr DType value = DType::Bool;
};
}  // namespace detail

/// The element type that holds C++ values of type T: float, int32_t, int64_t, bool.
template <typename T>
inline constexpr DType dtype_of = detail::DTypeOf<T>::value;

}  // namespace pg
