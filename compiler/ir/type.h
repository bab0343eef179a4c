// Element types, shapes and the types of IR values. A scalar is a tile of rank 0. Tile types know
// nothing of hardware: where the elements live is decided later, in the Plan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tile::ir {

enum class ElementType : std::uint8_t { Bool, I8, I32, I64, U8, U32, U64, F32 };

int byte_size(ElementType element);    // Bool takes 1 byte in memory
bool is_integer(ElementType element);  // Bool is not an integer
bool is_signed(ElementType element);   // F32 counts as signed
bool is_float(ElementType element);
std::string_view name(ElementType element);  // "f32"
std::optional<ElementType> element_type_from_name(std::string_view text);

/// Extents, outermost first. Empty for a scalar.
using Shape = std::vector<std::int64_t>;

/// Product of extents, or nothing when it leaves int64.
std::optional<std::int64_t> element_count(const Shape& shape);
std::string to_string(const Shape& shape);  // "[64, 32]"; "" for a scalar

struct Type {
  enum class Kind : std::uint8_t {
    Error,   // poisoned by a reported mistake; silences follow-ups
    None,    // no value
    Tile,    // `shape` holds constant extents
    Tensor,  // a view in memory; `shape` has one -1 per dimension
  };

  Kind kind = Kind::Error;
  ElementType element = ElementType::F32;
  Shape shape;

  static Type error() { return {}; }
  static Type none() { return {Kind::None, ElementType::F32, {}}; }
  static Type scalar(ElementType element) { return {Kind::Tile, element, {}}; }
  static Type tile(ElementType element, Shape shape) {
    return {Kind::Tile, element, std::move(shape)};
  }
  static Type tensor(ElementType element, int rank) {
    return {Kind::Tensor, element, Shape(static_cast<std::size_t>(rank), -1)};
  }

  bool is_error() const { return kind == Kind::Error; }
  bool is_tile() const { return kind == Kind::Tile; }
  bool is_scalar() const { return kind == Kind::Tile && shape.empty(); }
  bool is_tensor() const { return kind == Kind::Tensor; }
  int rank() const { return static_cast<int>(shape.size()); }
  Type with_element(ElementType other) const { return {kind, other, shape}; }
  Type with_shape(Shape other) const { return {kind, element, std::move(other)}; }

  bool operator==(const Type&) const = default;
};

/// "f32[64, 32]", "i64", "tensor<f32>[?, ?]", "none", "error".
std::string to_string(const Type& type);

/// One element's value: the low bits hold it, upper bits are zero (signed values are sign-extended
/// to 64 bits; F32 is its IEEE bit pattern).
struct Scalar {
  ElementType element = ElementType::I64;
  std::uint64_t bits = 0;

  static Scalar from_int(ElementType element, std::int64_t value);  // wraps to the element's width
  static Scalar from_float(float value);
  static Scalar from_bool(bool value);
  std::int64_t as_int() const;  // U64 above 2^63 comes out negative
  float as_float() const;
  bool as_bool() const { return bits != 0; }

  bool operator==(const Scalar&) const = default;
};

/// "1.5", "-3", "true", "0x7fc00000" for f32 values that do not print exactly otherwise (inf, nan).
std::string to_string(const Scalar& value);
/// Reads what to_string writes (hexadecimal is also taken for integers); nothing when malformed.
std::optional<Scalar> parse_scalar(ElementType element, std::string_view text);

}  // namespace tile::ir
