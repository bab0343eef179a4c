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

constexpr int registers_under_way = 64;  // of a thread
constexpr int max_turns = 8;

}  // namespace

void GpuPlanner::choose_unrolling() {
  for (OpId id : all_ops_) {
    const Op& loop = function_.ops[id];
    if (loop.code != OpCode::For || (plan_.pipeline && plan_.pipeline->loop == id)) continue;
    int registers = 0;
    bool is_stream = true;
    for (OpId inner : function_.blocks[loop.regions[0]].ops) {
      const Op& op = function_.ops[inner];
      // Barriers would stand between the turns.
      is_stream = is_stream && op.regions.empty() && op.code != OpCode::Dot &&
                  op.code != OpCode::Reduce && op.code != OpCode::Scan;
      if (op.code != OpCode::Load || !has_home(op.results[0])) continue;
      if (const auto layout = layout_of(op.results[0])) registers += layout->register_count();
    }
    if (!is_stream || registers == 0) continue;
    const int turns = std::clamp(registers_under_way / registers, 1, max_turns);
    if (turns > 1) plan_.unrolled[id] = static_cast<int>(std::bit_floor(unsigned(turns)));
  }
}

}  // namespace tile::schedule
