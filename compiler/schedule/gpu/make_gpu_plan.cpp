// The steps of planning for a GPU, in order (gpu_plan.h).
#include <algorithm>

#include "compiler/base/check.h"
#include "compiler/schedule/gpu/planner.h"
#include "compiler/schedule/gpu/prefetch_loads.h"
#include "compiler/schedule/gpu/stage_early.h"
#include "compiler/schedule/gpu/wgmma.h"

namespace tile::schedule {

using ir::OpId;
using ir::ValueId;

namespace {

constexpr std::int64_t region_alignment = 128;  // bytes
constexpr std::int64_t stage_alignment = 1024;  // of what is swizzled
constexpr int band_rows = 8;  // 8 x 16 blocks: about as square as 132 multiprocessors can be
constexpr std::int64_t prefetched_registers = 64;
constexpr int min_warps = 4;  // that the budget is made for where the schedule says nothing
constexpr int max_warps = 8;
constexpr std::int64_t elements_per_thread = 8;       // of the largest tile
constexpr std::int64_t accumulators_per_thread = 64;  // of a dot

}  // namespace

const GpuDot& GpuPlan::dot(OpId op) const {
  const auto found = std::ranges::find(dots, op, &GpuDot::op);
  TILE_CHECK(found != dots.end(), "every dot is planned");
  return *found;
}

GpuPlanner::GpuPlanner(const ir::Function& function, std::span<const StrideClass> strides,
                       const Target& target, const MachineChoices& machine, PipelineSearch search)
    : function_(function), strides_(strides), target_(target), machine_(machine) {
  plan_.pipeline = std::move(search.pipeline);
  plan_.why_no_pipeline = search.why_not;
  is_rematerialized_.resize(function.values.size(), 0);
  costs_.resize(function.values.size(), 0);
  parent_.resize(function.values.size());
  for (std::uint32_t i = 0; i < function.values.size(); ++i) parent_[ValueId{i}] = ValueId{i};
  class_layouts_.resize(function.values.size());
  ordered_.resize(function.values.size());
  plan_.layouts.resize(function.values.size());
  plan_.operands.resize(function.ops.size());
  ir::walk(function, function.body, [&](ir::BlockId, OpId op) { all_ops_.push_back(op); });
}

/// Enough threads for the largest tile, few enough that each has work.
void GpuPlanner::choose_warps() {
  if (plan_.pipeline) {
    plan_.warps = Pipeline::consumer_warps;
    return;
  }
  if (machine_.warps > 0) {
    plan_.warps = machine_.warps;
    return;
  }
  std::int64_t threads = lanes_per_warp;
  for (OpId id : all_ops_) {
    const ir::Op& op = function_.ops[id];
    for (ValueId result : op.results) {
      if (!has_home(result)) continue;
      const std::int64_t count = ir::element_count(padded(function_.type(result).shape)).value();
      const bool is_dot = op.code == ir::OpCode::Dot;
      threads = std::max(threads, count / (is_dot ? accumulators_per_thread : elements_per_thread));
    }
  }
  plan_.warps = 1;
  while (plan_.warps < max_warps && plan_.warps * lanes_per_warp < threads) plan_.warps *= 2;
  // wgmma needs whole warpgroups.
  const bool suits_group =
      std::ranges::any_of(all_ops_, [&](OpId id) { return suits_wgmma(id, Wgmma::group_warps); });
  if (suits_group) plan_.warps = std::max(plan_.warps, Wgmma::group_warps);
}

void GpuPlanner::place_regions() {
  plan_.regions[RegionId{0}].bytes = scratch_bytes(function_, plan_);
  std::int64_t offset = 0;
  for (std::uint32_t i = 0; i < plan_.regions.size(); ++i) {
    Region& region = plan_.regions[RegionId{i}];
    const bool is_ring = plan_.pipeline && plan_.pipeline->region == RegionId{i};
    const bool is_swizzled = std::ranges::any_of(plan_.staged, [&](const StagedTile& tile) {
      return tile.region == RegionId{i} && !tile.places.empty();
    });
    const std::int64_t alignment = is_ring || is_swizzled ? stage_alignment : 1;
    offset = (offset + alignment - 1) / alignment * alignment;
    region.offset = offset;
    offset += (region.bytes + region_alignment - 1) / region_alignment * region_alignment;
  }
  plan_.shared_bytes = offset;
}

/// Gives up a stage of the pipeline, or the second buffer of the last tile that has one. False when
/// there is nothing to give up.
bool GpuPlanner::shrink() {
  if (plan_.pipeline && plan_.pipeline->stages > Pipeline::min_stages) {
    --plan_.pipeline->stages;
    plan_.regions[plan_.pipeline->region].bytes = plan_.pipeline->bytes();
    return true;
  }
  const auto last =
      std::ranges::find_if(plan_.staged.rbegin(), plan_.staged.rend(),
                           [](const StagedTile& tile) { return !tile.alternates_in.is_none(); });
  if (last == plan_.staged.rend()) return false;
  last->alternates_in = {};
  plan_.regions[last->region].bytes = last->buffer_bytes;
  return true;
}

GpuPlan GpuPlanner::run() {
  plan_.blocks = machine_.blocks;
  plan_.regions.push_back({"scratch", 0, 0});
  if (plan_.pipeline) {
    plan_.pipeline->region = plan_.regions.push_back({"pipeline", 0, plan_.pipeline->bytes()});
  }
  find_rematerialized();
  choose_warps();
  plan_dots();
  const bool is_product =
      std::ranges::any_of(plan_.dots, [](const GpuDot& dot) { return !dot.chain.is_none(); });
  if (function_.grid_rank() >= 2 && (plan_.pipeline || is_product)) plan_.band_rows = band_rows;
  join_classes();
  find_ordered();
  choose_class_layouts();
  choose_unrolling();
  want_operands();
  // Stages and buffers were counted without scratch, which is known only now.
  do {
    place_regions();
  } while (plan_.shared_bytes > target_.shared_bytes && shrink());
  return std::move(plan_);
}

GpuPlan make_gpu_plan(ir::Module& module, std::span<const StrideClass> strides,
                      const Target& target, const MachineChoices& machine) {
  ir::Function& kernel = module.functions[module.kernel];
  PipelineSearch search{std::nullopt, "the target has no TMA with wgmma"};
  if (target.has_wgmma && machine.blocks > 1) {
    search.why_not =
        "a pipeline takes a whole multiprocessor, the schedule wants more blocks on it";
  } else if (target.has_wgmma) {
    search = find_pipeline(kernel, strides, machine.stages, target.shared_bytes);
  }
  std::vector<OpId> early;
  if (!search.pipeline) {
    const int threads = std::max(machine.warps, min_warps) * lanes_per_warp;
    early = prefetch_loads(kernel, prefetched_registers * threads);
    stage_early(kernel);
  }
  GpuPlan plan = GpuPlanner(kernel, strides, target, machine, std::move(search)).run();
  for (OpId loop : early) plan.loops[loop].loads_early = true;
  return plan;
}

}  // namespace tile::schedule
