// Matrix products on Hopper's tensor cores. A loop that does nothing but
//     acc = dot(load a, load b, acc, tf32)
// is run by two kinds of warps at once: one thread fetches tiles with the tensor memory accelerator
// (TMA) into a ring of stages, two warpgroups of four warps multiply them with wgmma, and mbarriers
// hand the stages to and fro (the structure of CUTLASS's warp-specialised kernels).
//
// In tf32, wgmma reads its operand B from shared memory with k contiguous, and its operand A the
// same way or from registers. So that any side may have its rows contiguous instead, such a side
// becomes A, through registers, and the product is computed transposed if that side is the dot's
// right one. Sides that both lack contiguous k are none of ours.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "compiler/base/stride_class.h"
#include "compiler/ir/function.h"
#include "compiler/schedule/gpu/layout.h"

namespace tile::schedule {

using RegionId = Id<struct RegionTag>;

struct Pipeline {
  static constexpr int consumer_warps = 8;
  static constexpr int producer_warps = 4;   // a warpgroup, of which one thread works
  static constexpr int min_stages = 2;       // one is fetched while another is multiplied
  static constexpr std::int64_t depth = 32;  // k of a stage: 128 bytes, the width of the swizzle
  static constexpr std::int64_t box_width = 32;   // floats: what TMA swizzles at once
  static constexpr std::int64_t block_rows = 64;  // of one wgmma

  /// A side of the product as a stage holds it: boxes of 32 floats by some rows, 128-byte swizzled.
  struct Side {
    ir::OpId load;
    std::int64_t extent = 0;  // rows of A, columns of B
    bool k_is_contiguous = true;
    std::int64_t bytes() const { return extent * depth * 4; }
  };
  ir::OpId loop, dot;
  Side a, b;                   // wgmma's operands
  bool is_transposed = false;  // A is the dot's right side
  int stages = 0;
  Layout result;
  RegionId region;  // the stages, each A then B, then two mbarriers a stage

  std::int64_t stage_bytes() const { return a.bytes() + b.bytes(); }
  /// Of the region: the stages, and two mbarriers of 8 bytes each.
  std::int64_t bytes() const { return stages * (stage_bytes() + 16); }
  /// Blocks of 64 rows that each consumer warpgroup multiplies.
  int blocks() const { return static_cast<int>(a.extent / (2 * block_rows)); }
};

/// A pipeline, or why there is none.
struct PipelineSearch {
  std::optional<Pipeline> pipeline;
  std::string_view why_not;
};

/// The kernel's pipeline, if its body has such a loop and the strides let TMA fetch both sides (16
/// bytes of alignment, one dimension contiguous). `stages`: 0 for as many as `shared_bytes` hold,
/// up to 4.
PipelineSearch find_pipeline(const ir::Function& kernel, std::span<const StrideClass> strides,
                             int stages, std::int64_t shared_bytes);

}  // namespace tile::schedule
