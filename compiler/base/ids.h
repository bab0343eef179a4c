// Typed 32-bit ids and vectors indexed by them. The AST and the IR refer to their parts by id, so
// that parts can be stored flat, copied cheaply and annotated by side tables.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "compiler/base/check.h"

namespace tile {

/// An index into the EntityVector of the entity named by Tag. A default id is "none".
template <class Tag>
struct Id {
  static constexpr std::uint32_t none_index = 0xffffffffu;
  std::uint32_t index = none_index;

  constexpr bool is_none() const { return index == none_index; }
  constexpr explicit operator bool() const { return !is_none(); }
  constexpr auto operator<=>(const Id&) const = default;
};

/// A vector indexed by a typed id; also serves as side table (`resize` to the owner's size).
template <class IdType, class T>
class EntityVector {
 public:
  EntityVector() = default;
  EntityVector(std::size_t size, const T& value) : items_(size, value) {}

  IdType push_back(T item) {
    items_.push_back(std::move(item));
    return IdType{static_cast<std::uint32_t>(items_.size() - 1)};
  }
  typename std::vector<T>::reference operator[](IdType id) {
    TILE_CHECK(id.index < items_.size(), "id out of range");
    return items_[id.index];
  }
  typename std::vector<T>::const_reference operator[](IdType id) const {
    TILE_CHECK(id.index < items_.size(), "id out of range");
    return items_[id.index];
  }
  std::size_t size() const { return items_.size(); }
  void resize(std::size_t size, const T& value = T()) { items_.resize(size, value); }
  auto begin() { return items_.begin(); }
  auto end() { return items_.end(); }
  auto begin() const { return items_.begin(); }
  auto end() const { return items_.end(); }

 private:
  std::vector<T> items_;
};

}  // namespace tile
