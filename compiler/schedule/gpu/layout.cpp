// See layout.h.
#include "compiler/schedule/gpu/layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>

#include "compiler/base/check.h"

namespace tile::schedule {

namespace {

/// Position of dimension `dim`'s lowest bit in a flat index.
int shift_of(const ir::Shape& extents, int dim) {
  int shift = 0;
  for (std::size_t d = extents.size(); d-- > static_cast<std::size_t>(dim) + 1;) {
    shift += log2_exact(extents[d]);
  }
  return shift;
}

/// Applies `change` to every basis.
template <class Change>
Layout changed(const Layout& layout, ir::Shape extents, Change&& change) {
  Layout result{std::move(extents), {}, {}, {}};
  for (std::int64_t basis : layout.registers) result.registers.push_back(change(basis));
  for (std::int64_t basis : layout.lanes) result.lanes.push_back(change(basis));
  for (std::int64_t basis : layout.warps) result.warps.push_back(change(basis));
  return result;
}

void drop_copies_in_registers(Layout& layout) { std::erase(layout.registers, 0); }

/// The flat index with all of dimension `dim`'s bits clear.
std::int64_t without(const Layout& layout, std::int64_t flat, int dim) {
  const int shift = shift_of(layout.extents, dim);
  const std::int64_t mask = (layout.extents[static_cast<std::size_t>(dim)] - 1) << shift;
  return flat & ~mask;
}

ir::Shape without_ones(const ir::Shape& shape) {
  ir::Shape result;
  for (std::int64_t extent : shape) {
    if (extent != 1) result.push_back(extent);
  }
  return result;
}

}  // namespace

int log2_exact(std::int64_t power) {
  TILE_CHECK(power > 0 && std::has_single_bit(static_cast<std::uint64_t>(power)),
             "a power of two is expected");
  return std::countr_zero(static_cast<std::uint64_t>(power));
}

ir::Shape padded(const ir::Shape& shape) {
  ir::Shape result;
  for (std::int64_t extent : shape) {
    result.push_back(static_cast<std::int64_t>(
        std::bit_ceil(static_cast<std::uint64_t>(std::max<std::int64_t>(extent, 1)))));
  }
  return result;
}

std::int64_t Layout::register_element(int register_number) const {
  return element(register_number, 0, 0);
}

std::int64_t Layout::element(int register_number, int lane, int warp) const {
  std::int64_t flat = 0;
  for (std::size_t bit = 0; bit < registers.size(); ++bit) {
    if ((register_number >> bit & 1) != 0) flat ^= registers[bit];
  }
  for (std::size_t bit = 0; bit < lanes.size(); ++bit) {
    if ((lane >> bit & 1) != 0) flat ^= lanes[bit];
  }
  for (std::size_t bit = 0; bit < warps.size(); ++bit) {
    if ((warp >> bit & 1) != 0) flat ^= warps[bit];
  }
  return flat;
}

std::int64_t Layout::coordinate(std::int64_t flat, int dim) const {
  return flat >> shift_of(extents, dim) & (extents[static_cast<std::size_t>(dim)] - 1);
}

int Layout::contiguous(int dim) const {
  const int shift = shift_of(extents, dim);
  const int bits = log2_exact(extents[static_cast<std::size_t>(dim)]);
  int run = 0;
  while (run < bits && run < static_cast<int>(registers.size()) &&
         registers[static_cast<std::size_t>(run)] == std::int64_t{1} << (shift + run)) {
    ++run;
  }
  return 1 << run;
}

bool Layout::has_copies() const {
  return std::ranges::count(lanes, 0) > 0 || std::ranges::count(warps, 0) > 0;
}

bool is_separable(const Layout& layout, int dim) {
  std::int64_t of_threads = 0, of_registers = 0;
  for (std::int64_t basis : layout.lanes) of_threads |= layout.coordinate(basis, dim);
  for (std::int64_t basis : layout.warps) of_threads |= layout.coordinate(basis, dim);
  for (std::int64_t basis : layout.registers) of_registers |= layout.coordinate(basis, dim);
  return (of_threads & of_registers) == 0;
}

std::vector<int> vector_bits(const Layout& layout, int dim, std::int64_t length) {
  std::vector<int> bits;
  const int shift = shift_of(layout.extents, dim);
  const std::int64_t extent = layout.extents[static_cast<std::size_t>(dim)];
  for (std::int64_t step = 1; step < std::min(length, extent); step *= 2) {
    const auto found = std::ranges::find(layout.registers, step << shift);
    if (found == layout.registers.end()) break;
    bits.push_back(static_cast<int>(found - layout.registers.begin()));
  }
  return bits;
}

std::vector<int> inverse(std::span<const int> order) {
  std::vector<int> result(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    result[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  }
  return result;
}

Layout blocked_layout(const ir::Shape& shape, std::span<const int> order, int vector, int warps,
                      OrderedBits ordered) {
  Layout layout;
  layout.extents = padded(shape);
  std::vector<std::int64_t> bits, kept;  // bases of the index bits to deal out, fastest first
  for (int dim : order) {
    const int shift = shift_of(layout.extents, dim);
    const int count = log2_exact(layout.extents[static_cast<std::size_t>(dim)]);
    for (int bit = 0; bit < count; ++bit) {
      const bool is_kept = dim == ordered.dim && bit >= ordered.first_bit;
      (is_kept ? kept : bits).push_back(std::int64_t{1} << (shift + bit));
    }
  }
  std::size_t next = 0;
  const auto take = [&] { return next < bits.size() ? bits[next++] : 0; };
  // A vector stays within the fastest dimension.
  const std::int64_t fastest =
      order.empty() ? 1 : layout.extents[static_cast<std::size_t>(order[0])];
  const int vector_bits = log2_exact(std::min<std::int64_t>(vector, fastest));
  for (int bit = 0; bit < vector_bits; ++bit) layout.registers.push_back(take());
  for (int bit = 0; bit < log2_exact(lanes_per_warp); ++bit) layout.lanes.push_back(take());
  for (int bit = 0; bit < log2_exact(warps); ++bit) layout.warps.push_back(take());
  while (next < bits.size()) layout.registers.push_back(take());
  layout.registers.insert(layout.registers.end(), kept.begin(), kept.end());
  return layout;
}

Layout project(const Layout& layout, int dim) {
  ir::Shape extents = layout.extents;
  extents[static_cast<std::size_t>(dim)] = 1;
  const int shift = shift_of(layout.extents, dim);
  const int bits = log2_exact(layout.extents[static_cast<std::size_t>(dim)]);
  Layout result = changed(layout, extents, [&](std::int64_t basis) {
    const std::int64_t low = basis & ((std::int64_t{1} << shift) - 1);
    const std::int64_t high = without(layout, basis, dim) >> (shift + bits);
    return high << shift | low;
  });
  drop_copies_in_registers(result);
  return result;
}

Layout drop_dimension(const Layout& layout, int dim) {
  Layout result = project(layout, dim);
  result.extents.erase(result.extents.begin() + dim);
  return result;
}

Layout broadcast_operand(const Layout& layout, const ir::Shape& operand_shape) {
  Layout result = layout;
  for (std::size_t d = 0; d < operand_shape.size(); ++d) {
    if (operand_shape[d] == 1) result = project(result, static_cast<int>(d));
  }
  return result;
}

Layout permute(const Layout& layout, std::span<const int> order) {
  ir::Shape extents;
  for (int dim : order) extents.push_back(layout.extents[static_cast<std::size_t>(dim)]);
  return changed(layout, extents, [&](std::int64_t basis) {
    std::int64_t result = 0;
    for (int dim : order) {
      const std::int64_t extent = layout.extents[static_cast<std::size_t>(dim)];
      result = result * extent + layout.coordinate(basis, dim);
    }
    return result;
  });
}

bool can_reshape(const ir::Shape& from, const ir::Shape& to) {
  return without_ones(from) == without_ones(to) || (padded(from) == from && padded(to) == to);
}

Layout reshape(const Layout& layout, const ir::Shape& to) {
  Layout result = layout;
  result.extents = padded(to);
  return result;
}

std::string to_string(const Layout& layout) {
  return fmt::format("{}: registers {}, lanes {}, warps {}", ir::to_string(layout.extents),
                     fmt::join(layout.registers, " "), fmt::join(layout.lanes, " "),
                     fmt::join(layout.warps, " "));
}

}  // namespace tile::schedule
