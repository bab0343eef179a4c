// Loops that stream through memory. A thread that waits for each turn's load before it asks for the
// next leaves the memory idle: by Little's law a multiprocessor needs some 32 KiB under way to keep
// up with its share of the bandwidth. So several turns' loads are issued together.
#include <algorithm>
#include <bit>

#include "compiler/schedule/gpu/planner.h"

namespace tile::schedule {

using ir::Op;
using ir::OpCode;
using ir::OpId;

namespace {

constexpr int max_turns = 8;

}  // namespace

LoopPlan GpuPlanner::plan_loop(const Op& loop) {
  LoopPlan plan;
  for (OpId inner : function_.blocks[loop.regions[0]].ops) {
    const Op& op = function_.ops[inner];
    // Barriers would stand between the turns.
    const bool is_between = !op.regions.empty() || op.code == OpCode::Dot ||
                            op.code == OpCode::Reduce || op.code == OpCode::Scan;
    if (is_between && plan.between.is_none()) plan.between = inner;
    if (op.code != OpCode::Load || !has_home(op.results[0])) continue;
    if (const auto layout = layout_of(op.results[0])) plan.registers += layout->register_count();
  }
  if (!plan.between.is_none() || plan.registers == 0) return plan;
  const int turns = std::clamp(registers_under_way / plan.registers, 1, max_turns);
  plan.turns = static_cast<int>(std::bit_floor(unsigned(turns)));
  return plan;
}

void GpuPlanner::choose_unrolling() {
  for (OpId id : all_ops_) {
    const Op& loop = function_.ops[id];
    if (loop.code != OpCode::For || (plan_.pipeline && plan_.pipeline->loop == id)) continue;
    const LoopPlan plan = plan_loop(loop);
    if (plan.registers > 0) plan_.loops[id] = plan;
  }
}

}  // namespace tile::schedule
