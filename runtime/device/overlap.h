// Questions about the memory that strided views touch: where it lies, and whether elements of one
// view or of two coincide. Exact for the views programs make; where an answer would take too long,
// "may overlap".
#pragma once

#include <cstdint>

namespace pg {

/// A view: element i0, i1.. is at data + sum of i_d * strides[d] elements.
struct StridedView {
  const void* data = nullptr;
  std::int64_t element_bytes = 0;
  int rank = 0;
  const std::int64_t* sizes = nullptr;
  const std::int64_t* strides = nullptr;
};

/// Bytes [begin, end) that contain all elements; empty when there are none.
struct ByteRange {
  std::uintptr_t begin = 0;
  std::uintptr_t end = 0;

  bool is_empty() const { return begin == end; }
  bool meets(const ByteRange& other) const { return begin < other.end && other.begin < end; }
};

/// False when the view's addresses leave the address space; else writes the range.
bool byte_range(const StridedView& view, ByteRange& range);

/// Do two index tuples of the view name the same element?
bool overlaps_itself(const StridedView& view);
/// Do the views share a byte? Both have ranges.
bool overlap(const StridedView& a, const StridedView& b);
/// Same address, element size, sizes, and strides where they matter.
bool is_same_view(const StridedView& a, const StridedView& b);

}  // namespace pg
