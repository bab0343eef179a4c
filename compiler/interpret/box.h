// Copying rectangular boxes between strided layouts: what broadcast, permute, slice, concat, load
// and store have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "compiler/ir/type.h"

namespace tile::interpret {

/// One dimension of a copy; strides in elements, 0 and negative ones allowed for `from`.
struct BoxDim {
  std::int64_t extent = 1;
  std::int64_t to_stride = 0;
  std::int64_t from_stride = 0;
};

/// Drops extents of 1 and joins dimensions that both sides walk evenly, in place; what is left.
std::span<BoxDim> simplify_box(std::span<BoxDim> dims);

/// Copies the box; `dims` outermost first (simplified ones are fastest). Elements of 1, 4 or 8
/// bytes.
void copy_box(std::size_t element_bytes, std::byte* to, const std::byte* from,
              std::span<const BoxDim> dims);

/// Writes `count` copies of the element.
void fill(std::size_t element_bytes, std::byte* to, const std::byte* element, std::int64_t count);

/// Row-major strides of a shape, in elements.
std::vector<std::int64_t> row_major(const ir::Shape& shape);

}  // namespace tile::interpret
