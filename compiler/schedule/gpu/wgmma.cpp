// See wgmma.h.
#include "compiler/schedule/gpu/wgmma.h"

#include <algorithm>

namespace tile::schedule {

namespace {

constexpr int chunk_bits = 2;         // of a chunk of four floats
constexpr int swizzled_row_bits = 3;  // rows that differ in them begin with different chunks

/// The bit of k at bit `slot` of its place.
int k_bit_of(int slot, bool k_is_permuted) {
  if (!k_is_permuted || slot > 2) return slot;
  return slot == 2 ? 0 : slot + 1;
}

int slot_of(int k_bit, bool k_is_permuted) {
  if (!k_is_permuted || k_bit > 2) return k_bit;
  return k_bit == 0 ? 2 : k_bit - 1;
}

std::int64_t extent(const ir::Shape& shape, int dim) {
  return shape[static_cast<std::size_t>(dim)];
}

}  // namespace

Layout wgmma_layout(std::int64_t rows, std::int64_t columns, int row_dim, int warps) {
  Layout layout;
  layout.extents = row_dim == 0 ? ir::Shape{rows, columns} : ir::Shape{columns, rows};
  const int row_shift = row_dim == 0 ? log2_exact(columns) : 0;
  const int column_shift = row_dim == 0 ? 0 : log2_exact(rows);
  const auto row = [&](int bit) { return std::int64_t{1} << (bit + row_shift); };
  const auto column = [&](int bit) { return std::int64_t{1} << (bit + column_shift); };
  layout.registers = {column(0), row(3)};
  for (int bit = 3; bit < log2_exact(columns); ++bit) layout.registers.push_back(column(bit));
  layout.lanes = {column(1), column(2), row(0), row(1), row(2)};
  layout.warps = {row(4), row(5)};
  const int row_bits = log2_exact(rows), group_bits = log2_exact(warps / Wgmma::group_warps);
  for (int bit = 6; bit < row_bits - group_bits; ++bit) layout.registers.push_back(row(bit));
  for (int bit = row_bits - group_bits; bit < row_bits; ++bit) layout.warps.push_back(row(bit));
  return layout;
}

std::vector<std::int64_t> wgmma_places(const ir::Shape& shape, int k_dim, bool k_is_permuted) {
  const std::int64_t others = extent(shape, 1 - k_dim);
  std::vector<std::int64_t> result;
  for (int dim : {1, 0}) {
    for (int bit = 0; bit < log2_exact(extent(shape, dim)); ++bit) {
      if (dim != k_dim) {
        const std::int64_t chunk =
            bit < swizzled_row_bits ? std::int64_t{1} << (bit + chunk_bits) : 0;
        result.push_back(Wgmma::row_floats << bit | chunk);
        continue;
      }
      const int slot = slot_of(bit, k_is_permuted);
      const int in_row = log2_exact(Wgmma::row_floats);
      result.push_back(slot < in_row ? std::int64_t{1} << slot
                                     : others * Wgmma::row_floats << (slot - in_row));
    }
  }
  return result;
}

std::int64_t wgmma_bytes(const ir::Shape& shape, int k_dim) {
  return extent(shape, 1 - k_dim) * std::max(extent(shape, k_dim), Wgmma::row_floats) * 4;
}

Layout wgmma_load_layout(const ir::Shape& shape, int k_dim, bool k_is_permuted, int warps) {
  Layout layout;
  layout.extents = shape;
  const int k_shift = k_dim == 1 ? 0 : log2_exact(extent(shape, 1));
  const int other_shift = k_dim == 1 ? log2_exact(extent(shape, 1)) : 0;
  std::vector<std::int64_t> k_bases, bases;
  for (int slot = 0; slot < log2_exact(extent(shape, k_dim)); ++slot) {
    k_bases.push_back(std::int64_t{1} << (k_bit_of(slot, k_is_permuted) + k_shift));
  }
  for (int bit = 0; bit < log2_exact(extent(shape, 1 - k_dim)); ++bit) {
    bases.push_back(std::int64_t{1} << (bit + other_shift));
  }
  // Chunks of k to warps and the other dimension's rest to registers: a thread then addresses few
  // rows of the tensor, and neighbours in them by constants.
  std::size_t next_k = 0, next = 0;
  const auto take = [](const std::vector<std::int64_t>& from, std::size_t& at) {
    return at < from.size() ? from[at++] : 0;
  };
  for (int bit = 0; bit < chunk_bits; ++bit) layout.registers.push_back(take(k_bases, next_k));
  for (int bit = 0; bit < log2_exact(lanes_per_warp); ++bit) {
    layout.lanes.push_back(next < bases.size() ? take(bases, next) : take(k_bases, next_k));
  }
  for (int bit = 0; bit < log2_exact(warps); ++bit) {
    layout.warps.push_back(next_k < k_bases.size() ? take(k_bases, next_k) : take(bases, next));
  }
  while (next < bases.size()) layout.registers.push_back(take(bases, next));
  while (next_k < k_bases.size()) layout.registers.push_back(take(k_bases, next_k));
  return layout;
}

}  // namespace tile::schedule
