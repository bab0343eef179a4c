// See scratch.h.
#include "compiler/schedule/gpu/scratch.h"

#include <algorithm>
#include <bit>

#include "compiler/base/check.h"
#include "compiler/schedule/gpu/conversion.h"

namespace tile::schedule {

namespace {

constexpr std::int64_t alignment = 16;

}  // namespace

std::int64_t scratch_aligned(std::int64_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}

std::vector<AxisBit> axis_bits(const Layout& layout, int axis) {
  const int count = log2_exact(layout.extents[static_cast<std::size_t>(axis)]);
  std::vector<AxisBit> bits(static_cast<std::size_t>(count));
  int found = 0;
  const auto note = [&](const std::vector<std::int64_t>& bases, AxisBit::Where where) {
    for (std::size_t i = 0; i < bases.size(); ++i) {
      const std::int64_t step = layout.coordinate(bases[i], axis);
      if (step == 0) continue;
      const int bit = log2_exact(step);
      for (int d = 0; d < static_cast<int>(layout.extents.size()); ++d) {
        TILE_CHECK(d == axis || layout.coordinate(bases[i], d) == 0,
                   "a bit of a reduced tile's layout belongs to one dimension");
      }
      bits[static_cast<std::size_t>(bit)] = {where, static_cast<int>(i)};
      ++found;
    }
  };
  note(layout.registers, AxisBit::Where::Register);
  note(layout.lanes, AxisBit::Where::Lane);
  note(layout.warps, AxisBit::Where::Warp);
  TILE_CHECK(found == count, "every bit of the axis is in one place");
  return bits;
}

std::vector<ir::ElementType> reduce_state(ir::ReduceKind kind,
                                          std::span<const ir::ElementType> operands) {
  if (kind != ir::ReduceKind::ArgMax && kind != ir::ReduceKind::ArgMin) {
    return {operands.begin(), operands.end()};
  }
  // Floats compare as integers.
  const bool is_wide = ir::byte_size(operands[0]) == 8;
  return {is_wide ? ir::ElementType::I64 : ir::ElementType::I32, ir::ElementType::I32};
}

std::int64_t reduce_bytes(const Layout& layout, const ir::ReduceAttrs& attributes,
                          std::span<const ir::ElementType> operands) {
  const std::vector<AxisBit> bits = axis_bits(layout, attributes.axis);
  int first_warp = -1;  // the highest bit in a warp's number
  for (int bit = 0; bit < static_cast<int>(bits.size()); ++bit) {
    if (bits[static_cast<std::size_t>(bit)].where == AxisBit::Where::Warp) first_warp = bit;
  }
  if (first_warp < 0) return 0;
  const bool is_ordered =
      attributes.kind == ir::ReduceKind::Sum || attributes.kind == ir::ReduceKind::Prod;
  std::int64_t registers = layout.register_count();
  for (int bit = 0; bit < static_cast<int>(bits.size()); ++bit) {
    const bool is_before = !is_ordered || bit > first_warp;
    if (bits[static_cast<std::size_t>(bit)].where == AxisBit::Where::Register && is_before) {
      registers /= 2;
    }
  }
  std::int64_t bytes = 0;
  for (ir::ElementType element : reduce_state(attributes.kind, operands)) {
    bytes +=
        scratch_aligned(registers * layout.warp_count() * lanes_per_warp * ir::byte_size(element));
  }
  return bytes;
}

std::int64_t flat_bytes(const ir::Type& type) {
  return ir::element_count(type.shape).value() * ir::byte_size(type.element);
}

std::vector<std::int64_t> scan_strides(const ir::Shape& shape, int axis) {
  std::vector<std::int64_t> strides(shape.size());
  std::int64_t stride = 1;
  for (std::size_t d = shape.size(); d-- > 0;) {
    strides[d] = stride;
    stride *= shape[d];
    // Threads walk along neighbouring lines: an odd pitch keeps them in different banks.
    if (static_cast<int>(d) == axis && strides[d] == 1) stride |= 1;
  }
  return strides;
}

std::int64_t scan_bytes(const ir::Type& type, int axis) {
  const std::vector<std::int64_t> strides = scan_strides(type.shape, axis);
  std::int64_t last = 0;
  for (std::size_t d = 0; d < strides.size(); ++d) last += (type.shape[d] - 1) * strides[d];
  return scratch_aligned((last + 1) * ir::byte_size(type.element));
}

std::int64_t conversion_bytes(const Layout& from, const Layout& to, ir::ElementType element) {
  if (from == to) return 0;
  return conversion(from, to, ir::byte_size(element)).bytes;
}

}  // namespace tile::schedule
