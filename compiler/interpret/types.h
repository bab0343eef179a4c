// From element types known when a kernel runs to C++ types known when the interpreter is compiled.
#pragma once

#include "compiler/base/check.h"
#include "compiler/ir/type.h"

namespace tile::interpret {

template <class T>
struct Tag {
  using type = T;
};

/// Calls visit(Tag<T>{}) with the type that holds the element in memory: f32 is a double in real
/// mode.
template <class Visit>
auto with_type(ir::ElementType element, bool real, Visit&& visit) {
  switch (element) {
    case ir::ElementType::Bool:
      return visit(Tag<bool>{});
    case ir::ElementType::I8:
      return visit(Tag<std::int8_t>{});
    case ir::ElementType::I32:
      return visit(Tag<std::int32_t>{});
    case ir::ElementType::I64:
      return visit(Tag<std::int64_t>{});
    case ir::ElementType::U8:
      return visit(Tag<std::uint8_t>{});
    case ir::ElementType::U32:
      return visit(Tag<std::uint32_t>{});
    case ir::ElementType::U64:
      return visit(Tag<std::uint64_t>{});
    case ir::ElementType::F32:
      return real ? visit(Tag<double>{}) : visit(Tag<float>{});
  }
  TILE_UNREACHABLE("no such element type");
}

inline std::size_t element_bytes(ir::ElementType element, bool real) {
  return real && element == ir::ElementType::F32 ? sizeof(double)
                                                 : static_cast<std::size_t>(ir::byte_size(element));
}

/// Typed access to a value's bytes.
template <class T>
const T* read(const std::byte* address) {
  return reinterpret_cast<const T*>(address);
}
template <class T>
T* write(std::byte* address) {
  return reinterpret_cast<T*>(address);
}

}  // namespace tile::interpret
