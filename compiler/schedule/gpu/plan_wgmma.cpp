// Dots on wgmma (wgmma.h), outside of the pipeline: attention's, whose sides are made or changed by
// the kernel itself. The right side is staged for it; the left one stays in registers where the
// kernel computes it.
#include <algorithm>

#include "compiler/base/check.h"
#include "compiler/schedule/gpu/planner.h"
#include "compiler/schedule/gpu/wgmma.h"
#include "compiler/schedule/index_map.h"

namespace tile::schedule {

using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

/// Empty when it suits.
std::string_view GpuPlanner::why_no_wgmma(OpId dot, int warps) const {
  const Op& op = function_.ops[dot];
  if (op.code != OpCode::Dot) return "it is no dot";
  if (!target_.has_wgmma) return "the target has no wgmma";
  if (function_.attributes<ir::DotAttrs>(dot).precision != ir::Precision::Tf32) return "it is fp32";
  const ir::Shape& result = function_.type(op.results[0]).shape;
  const ir::Shape& lhs = function_.type(op.operands[ir::op::Dot::lhs]).shape;
  if (result.size() != 2) return "wgmma multiplies matrices, not batches of them";
  if (padded(result) != result || padded(lhs) != lhs) return "an extent is no power of two";
  const std::int64_t rows = result[0], columns = result[1], depth = lhs[1];
  if (rows < Wgmma::block_rows * std::max(1, warps / Wgmma::group_warps)) {
    return "each four warps need 64 rows of the left side";
  }
  if (warps % Wgmma::group_warps != 0) return "wgmma takes groups of four warps";
  if (columns < 8 || columns > Wgmma::max_columns) return "wgmma takes 8 to 256 columns";
  if (depth < Wgmma::step) return "wgmma takes 8 of the inner dimension at a time";
  const int threads = warps * lanes_per_warp;
  const std::int64_t accumulators = rows * columns / threads;
  if (accumulators > Wgmma::max_accumulators) {
    return "a thread has registers for 128 accumulators: choose more warps or smaller tiles";
  }
  const std::int64_t resident_threads = std::int64_t{std::max(machine_.blocks, 1)} * threads;
  if (accumulators + Wgmma::other_registers > target_.registers_of_thread(resident_threads)) {
    return "so many threads on a multiprocessor have too few registers for the accumulators: "
           "choose fewer `warps` or `blocks`, or smaller tiles";
  }
  return {};
}

/// Computed beside the dot, not brought from memory or from outside of a loop.
bool GpuPlanner::is_made_in_registers(ValueId lhs, OpId dot) const {
  const OpId made_by = function_.values[lhs].op;
  if (made_by.is_none() || !has_home(lhs) || function_.ops[made_by].code == OpCode::Load) {
    return false;
  }
  ir::BlockId of_dot, of_lhs;
  ir::walk(function_, function_.body, [&](ir::BlockId block, OpId op) {
    if (op == dot) of_dot = block;
    if (op == made_by) of_lhs = block;
  });
  return of_dot == of_lhs;
}

std::size_t GpuPlanner::stage_for_wgmma(ValueId value, int k_dim, bool k_is_permuted) {
  const ir::Shape& shape = function_.type(value).shape;
  StagedTile tile;
  tile.value = value;
  tile.rounds_tf32 = true;
  tile.places = wgmma_places(shape, k_dim, k_is_permuted);
  const auto known = std::ranges::find_if(plan_.staged, [&](const StagedTile& other) {
    return other.value == value && other.places == tile.places;
  });
  if (known != plan_.staged.end()) return static_cast<std::size_t>(known - plan_.staged.begin());
  Region region;
  region.name = region_name(value);
  tile.buffer_bytes = wgmma_bytes(shape, k_dim);
  region.bytes = tile.buffer_bytes;
  tile.region = plan_.regions.push_back(region);
  plan_.staged.push_back(tile);
  return plan_.staged.size() - 1;
}

void GpuPlanner::plan_wgmma(GpuDot& dot) {
  const Op& op = function_.ops[dot.op];
  const ir::Shape& shape = function_.type(op.results[0]).shape;
  dot.kind = GpuDot::Kind::Wgmma;
  dot.result = wgmma_layout(shape[0], shape[1], 0, plan_.warps);
  const ValueId lhs = op.operands[ir::op::Dot::lhs];
  const bool is_made = is_made_in_registers(lhs, dot.op);
  dot.lhs = is_made ? GpuDot::in_registers : stage_for_wgmma(lhs, 1, false);
  dot.rhs = stage_for_wgmma(op.operands[ir::op::Dot::rhs], 0, is_made);
}

Layout GpuPlanner::wgmma_lhs_layout(const GpuDot& dot) const {
  const ValueId lhs = function_.ops[dot.op].operands[ir::op::Dot::lhs];
  const ir::Shape& shape = function_.type(lhs).shape;
  return wgmma_layout(shape[0], shape[1], 0, plan_.warps);
}

/// Left sides as they are wanted; right sides so that they can be written in whole chunks, if what
/// is loaded for them has another dimension than k contiguous in memory.
void GpuPlanner::settle_wgmma() {
  for (const GpuDot& dot : plan_.dots) {
    if (dot.kind != GpuDot::Kind::Wgmma) continue;
    const Op& op = function_.ops[dot.op];
    if (dot.lhs == GpuDot::in_registers) {
      settle(op.operands[ir::op::Dot::lhs], wgmma_lhs_layout(dot));
    }
    const ValueId rhs = op.operands[ir::op::Dot::rhs];
    if (!has_home(rhs)) continue;
    for (OpId id : all_ops_) {
      const Op& load = function_.ops[id];
      if (load.code != OpCode::Load || !has_home(load.results[0]) ||
          representative(load.results[0]) != representative(rhs)) {
        continue;
      }
      const auto& access = function_.attributes<ir::AccessAttrs>(id);
      const int unit = strides_[tensor_number(function_, load.operands[0])].unit_dim;
      int tile_dim = 0;
      for (int d = 0; d < unit; ++d) {
        if (access.dims[static_cast<std::size_t>(d)].kind != ir::AccessDim::Kind::Point) ++tile_dim;
      }
      if (unit < 0 || tile_dim != 1) continue;
      settle(rhs, wgmma_load_layout(function_.type(rhs).shape, 0, dot.lhs == GpuDot::in_registers,
                                    plan_.warps));
    }
  }
}

}  // namespace tile::schedule
