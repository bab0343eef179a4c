// Which thread of a block holds which element of a tile: a linear map over the bits of an index.
// Extents are rounded up to powers of two, so that an element's row-major ("flat") index is a row
// of bits; each bit of the register number, of the lane (32 to a warp) and of the warp number then
// stands for one flat index, its basis, and the element at (register, lane, warp) is the xor of the
// bases of the bits that are set. A basis of 0 is a copy: threads that differ in that bit alone
// hold the same elements. Elements beyond the logical extents are dead: never stored, never
// reduced. Source of the idea: "Linear Layouts" (Zhou et al., 2025, arXiv 2505.23819).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compiler/ir/type.h"

namespace tile::schedule {

inline constexpr int lanes_per_warp = 32;

struct Layout {
  ir::Shape extents;                    // powers of two, one per dimension of the tile
  std::vector<std::int64_t> registers;  // bases, bit 0 first
  std::vector<std::int64_t> lanes;      // 5
  std::vector<std::int64_t> warps;      // log2 of the block's warps

  int register_count() const { return 1 << registers.size(); }
  int warp_count() const { return 1 << warps.size(); }
  /// The flat index of a register of lane 0, warp 0.
  std::int64_t register_element(int register_number) const;
  std::int64_t element(int register_number, int lane, int warp) const;
  /// Coordinate along a dimension of a flat index; also of a basis.
  std::int64_t coordinate(std::int64_t flat, int dim) const;
  /// Registers of one thread that follow each other along `dim`, from an aligned start: how long a
  /// vector access may be. A power of two.
  int contiguous(int dim) const;
  /// Lanes and warps with basis 0 hold copies; the one with these bits clear speaks for all.
  bool has_copies() const;

  bool operator==(const Layout&) const = default;
};

/// Extents rounded up to powers of two.
ir::Shape padded(const ir::Shape& shape);
/// log2 of a power of two.
int log2_exact(std::int64_t power);

/// Threads and registers have no bit of the dimension in common: coordinates are their sum.
bool is_separable(const Layout& layout, int dim);
/// Register bits that step through neighbours along `dim` alone, lowest first: as many as there are
/// up to a vector of `length` elements, a power of two.
std::vector<int> vector_bits(const Layout& layout, int dim, std::int64_t length);

/// The bits of a dimension from this one on, for registers only.
struct OrderedBits {
  int dim = -1;
  int first_bit = 0;
};
/// Bits of the tile dealt out in `order` (the first dimension runs fastest): `vector` elements to
/// the registers of a thread, then lanes, then warps, then the rest to registers again. What is
/// left of lanes and warps holds copies.
Layout blocked_layout(const ir::Shape& shape, std::span<const int> order, int vector, int warps,
                      OrderedBits ordered = {});

/// Reduction along `dim` to one element: the dimension keeps extent 1. Lanes and warps along it
/// hold copies then; registers along it are gone.
Layout project(const Layout& layout, int dim);
/// The same without the dimension.
Layout drop_dimension(const Layout& layout, int dim);
/// The layout whose project along the dimensions where `shape` has extent 1 is `layout`'s: the
/// operand of a broadcast to a tile held in `layout`.
Layout broadcast_operand(const Layout& layout, const ir::Shape& operand_shape);
/// order such that permute(permute(x, order), inverse(order)) is x.
std::vector<int> inverse(std::span<const int> order);
/// Dimension d of the result is dimension order[d] of `layout`.
Layout permute(const Layout& layout, std::span<const int> order);
/// The same flat indices under another shape. Only if all extents of both shapes are powers of two
/// or differ from each other in dimensions of extent 1 alone (can_reshape).
bool can_reshape(const ir::Shape& from, const ir::Shape& to);
Layout reshape(const Layout& layout, const ir::Shape& to);

/// "[64, 32]: registers 1 2, lanes 4 8 16 32 64, warps 128 0".
std::string to_string(const Layout& layout);

}  // namespace tile::schedule
