// How many bytes of scratch (region 0) an op needs while it runs. The planner makes the region as
// large as the neediest op; the code generator lays out what it puts there by the same functions.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "compiler/ir/attributes.h"
#include "compiler/schedule/gpu/layout.h"

namespace tile::schedule {

/// Where the bits of an axis' index are: entry k is bit k.
struct AxisBit {
  enum class Where : std::uint8_t { Register, Lane, Warp };
  Where where = Where::Register;
  int position = 0;
};
std::vector<AxisBit> axis_bits(const Layout& layout, int axis);

/// Index bits of sum and prod from this one on are added in ascending order before the tree.
inline constexpr int sum_lane_bits = 8;

/// Element types of what a reduction carries from step to step: the operands', but for arg_max and
/// arg_min, which carry a key and an index.
std::vector<ir::ElementType> reduce_state(ir::ReduceKind kind,
                                          std::span<const ir::ElementType> operands);
/// Bytes for one exchange between warps; 0 when the axis lies within warps.
std::int64_t reduce_bytes(const Layout& layout, const ir::ReduceAttrs& attributes,
                          std::span<const ir::ElementType> operands);

/// What shares scratch begins at multiples of 16 bytes.
std::int64_t scratch_aligned(std::int64_t bytes);

/// A tile in row-major order.
std::int64_t flat_bytes(const ir::Type& type);

/// Strides, in elements, of the dimensions of a tile in scratch that is scanned along `axis`.
std::vector<std::int64_t> scan_strides(const ir::Shape& shape, int axis);
/// Of one operand of a scan, rounded up so that another may follow.
std::int64_t scan_bytes(const ir::Type& type, int axis);

/// 0 where the layouts differ by registers and lanes only.
std::int64_t conversion_bytes(const Layout& from, const Layout& to, ir::ElementType element);

}  // namespace tile::schedule
