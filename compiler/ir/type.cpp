// See type.h.
#include "compiler/ir/type.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "compiler/base/check.h"

namespace tile::ir {

namespace {

constexpr std::array<ElementType, 8> all_elements = {
    ElementType::Bool, ElementType::I8,  ElementType::I32, ElementType::I64,
    ElementType::U8,   ElementType::U32, ElementType::U64, ElementType::F32};

}  // namespace

int byte_size(ElementType element) {
  switch (element) {
    case ElementType::Bool:
    case ElementType::I8:
    case ElementType::U8: return 1;
    case ElementType::I32:
    case ElementType::U32:
    case ElementType::F32: return 4;
    case ElementType::I64:
    case ElementType::U64: return 8;
  }
  TILE_UNREACHABLE("element type");
}

bool is_integer(ElementType element) {
  return element != ElementType::Bool && element != ElementType::F32;
}

bool is_signed(ElementType element) {
  switch (element) {
    case ElementType::I8:
    case ElementType::I32:
    case ElementType::I64:
    case ElementType::F32: return true;
    case ElementType::Bool:
    case ElementType::U8:
    case ElementType::U32:
    case ElementType::U64: return false;
  }
  TILE_UNREACHABLE("element type");
}

bool is_float(ElementType element) { return element == ElementType::F32; }

std::string_view name(ElementType element) {
  switch (element) {
    case ElementType::Bool: return "bool";
    case ElementType::I8: return "i8";
    case ElementType::I32: return "i32";
    case ElementType::I64: return "i64";
    case ElementType::U8: return "u8";
    case ElementType::U32: return "u32";
    case ElementType::U64: return "u64";
    case ElementType::F32: return "f32";
  }
  TILE_UNREACHABLE("element type");
}

std::optional<ElementType> element_type_from_name(std::string_view text) {
  for (ElementType element : all_elements) {
    if (name(element) == text) return element;
  }
  return std::nullopt;
}

std::optional<std::int64_t> element_count(const Shape& shape) {
  std::int64_t count = 1;
  for (std::int64_t extent : shape) {
    if (__builtin_mul_overflow(count, extent, &count)) return std::nullopt;
  }
  return count;
}

std::string to_string(const Shape& shape) {
  if (shape.empty()) return "";
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

std::string to_string(const Type& type) {
  switch (type.kind) {
    case Type::Kind::Error: return "error";
    case Type::Kind::None: return "none";
    case Type::Kind::Tile: return std::string(name(type.element)) + to_string(type.shape);
    case Type::Kind::Tensor: {
      std::string text = fmt::format("tensor<{}>[", name(type.element));
      for (int axis = 0; axis < type.rank(); ++axis) text += axis == 0 ? "?" : ", ?";
      return text + "]";
    }
  }
  TILE_UNREACHABLE("type kind");
}

Scalar Scalar::from_int(ElementType element, std::int64_t value) {
  const auto bits = [&]() -> std::uint64_t {
    switch (element) {
      case ElementType::Bool: return value != 0;
      case ElementType::I8: return static_cast<std::uint64_t>(static_cast<std::int8_t>(value));
      case ElementType::I32: return static_cast<std::uint64_t>(static_cast<std::int32_t>(value));
      case ElementType::U8: return static_cast<std::uint8_t>(value);
      case ElementType::U32: return static_cast<std::uint32_t>(value);
      case ElementType::I64:
      case ElementType::U64: return static_cast<std::uint64_t>(value);
      case ElementType::F32: return std::bit_cast<std::uint32_t>(static_cast<float>(value));
    }
    TILE_UNREACHABLE("element type");
  };
  return {element, bits()};
}

Scalar Scalar::from_float(float value) {
  return {ElementType::F32, std::bit_cast<std::uint32_t>(value)};
}

Scalar Scalar::from_bool(bool value) { return {ElementType::Bool, value ? 1u : 0u}; }

std::int64_t Scalar::as_int() const { return static_cast<std::int64_t>(bits); }

float Scalar::as_float() const {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
}

std::string to_string(const Scalar& value) {
  switch (value.element) {
    case ElementType::Bool: return value.as_bool() ? "true" : "false";
    case ElementType::I8:
    case ElementType::I32:
    case ElementType::I64: return std::to_string(value.as_int());
    case ElementType::U8:
    case ElementType::U32:
    case ElementType::U64: return std::to_string(value.bits);
    case ElementType::F32: break;
  }
  if (!std::isfinite(value.as_float())) return fmt::format("{:#010x}", value.bits);
  std::array<char, 32> buffer;  // the shortest text that reads back as the same float
  const auto end = std::to_chars(buffer.begin(), buffer.end(), value.as_float()).ptr;
  std::string text(buffer.begin(), end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::optional<Scalar> parse_scalar(ElementType element, std::string_view text) {
  const char* const end = text.data() + text.size();
  if (element == ElementType::Bool) {
    if (text != "true" && text != "false") return std::nullopt;
    return Scalar::from_bool(text == "true");
  }
  if (text.starts_with("0x")) {
    std::uint64_t bits = 0;
    const auto result = std::from_chars(text.data() + 2, end, bits, 16);
    if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
    if (element != ElementType::F32) {
      return Scalar::from_int(element, static_cast<std::int64_t>(bits));
    }
    if (bits > 0xffffffffu) return std::nullopt;
    return Scalar{ElementType::F32, bits};
  }
  if (element == ElementType::F32) {
    float value = 0;
    const auto result = std::from_chars(text.data(), end, value);
    if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
    return Scalar::from_float(value);
  }
  std::int64_t value = 0;
  std::uint64_t large = 0;
  auto result = std::from_chars(text.data(), end, value);
  if (result.ec == std::errc::result_out_of_range && element == ElementType::U64) {
    result = std::from_chars(text.data(), end, large);
    value = static_cast<std::int64_t>(large);
  }
  if (result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return Scalar::from_int(element, value);
}

}  // namespace tile::ir
