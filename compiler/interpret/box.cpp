// See box.h.
#include "compiler/interpret/box.h"

#include <algorithm>
#include <cstring>

#include "compiler/base/check.h"

namespace tile::interpret {

namespace {

constexpr BoxDim single = {1, 1, 1};

template <class Bits>
void copy_row(Bits* __restrict to, const Bits* __restrict from, const BoxDim& dim) {
  if (dim.to_stride == 1 && dim.from_stride == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(dim.extent) * sizeof(Bits));
  } else if (dim.to_stride == 1 && dim.from_stride == 0) {
    std::fill_n(to, dim.extent, *from);
  } else if (dim.to_stride == 1) {
    for (std::int64_t i = 0; i < dim.extent; ++i) to[i] = from[i * dim.from_stride];
  } else {
    for (std::int64_t i = 0; i < dim.extent; ++i) to[i * dim.to_stride] = from[i * dim.from_stride];
  }
}

template <class Bits>
void copy_dims(Bits* to, const Bits* from, const BoxDim* dims, std::size_t rank) {
  if (rank <= 1) return copy_row(to, from, rank == 1 ? dims[0] : single);
  for (std::int64_t i = 0; i < dims[0].extent; ++i) {
    copy_dims(to + i * dims[0].to_stride, from + i * dims[0].from_stride, dims + 1, rank - 1);
  }
}

}  // namespace

std::span<BoxDim> simplify_box(std::span<BoxDim> dims) {
  std::size_t kept = 0;
  for (const BoxDim dim : dims) {
    if (dim.extent == 1) continue;
    BoxDim* last = kept > 0 ? &dims[kept - 1] : nullptr;
    if (last != nullptr && last->to_stride == dim.extent * dim.to_stride &&
        last->from_stride == dim.extent * dim.from_stride) {
      *last = {last->extent * dim.extent, dim.to_stride, dim.from_stride};
    } else {
      dims[kept++] = dim;
    }
  }
  return dims.first(kept);
}

void copy_box(std::size_t element_bytes, std::byte* to, const std::byte* from,
              std::span<const BoxDim> dims) {
  const auto copy = [&]<class Bits>(Bits) {
    copy_dims(reinterpret_cast<Bits*>(to), reinterpret_cast<const Bits*>(from), dims.data(),
              dims.size());
  };
  switch (element_bytes) {
    case 1:
      return copy(std::uint8_t{});
    case 4:
      return copy(std::uint32_t{});
    case 8:
      return copy(std::uint64_t{});
    default:
      TILE_UNREACHABLE("element size");
  }
}

void fill(std::size_t element_bytes, std::byte* to, const std::byte* element, std::int64_t count) {
  const BoxDim dim = {count, 1, 0};
  copy_box(element_bytes, to, element, std::span(&dim, 1));
}

std::vector<std::int64_t> row_major(const ir::Shape& shape) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    strides[d] = stride;
    stride *= shape[d];
  }
  return strides;
}

}  // namespace tile::interpret
