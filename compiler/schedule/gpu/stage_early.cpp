// See stage_early.h.
#include "compiler/schedule/gpu/stage_early.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace tile::schedule {

using ir::BlockId;
using ir::Function;
using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

namespace {

/// Adds the ops of the body that the value is made by; false if one of them had better wait.
bool collect(const Function& function, const std::set<OpId>& body, ValueId value,
             std::set<OpId>& ops) {
  const OpId id = function.values[value].op;
  if (id.is_none() || !body.contains(id) || ops.contains(id)) return true;
  const Op& op = function.ops[id];
  const bool is_simple = op.regions.empty() && op.code != OpCode::Dot &&
                         op.code != OpCode::Reduce && op.code != OpCode::Scan &&
                         ir::info(op.code).effects == ir::Effects::Pure;
  if (!is_simple) return false;
  ops.insert(id);
  return std::ranges::all_of(
      op.operands, [&](ValueId operand) { return collect(function, body, operand, ops); });
}

void move_in(Function& function, BlockId block) {
  auto& ops = function.blocks[block].ops;
  const std::set<OpId> body(ops.begin(), ops.end());
  std::set<OpId> early;
  for (OpId id : ops) {
    const Op& op = function.ops[id];
    if (op.code != OpCode::Dot ||
        function.attributes<ir::DotAttrs>(id).precision != ir::Precision::Tf32) {
      continue;
    }
    std::set<OpId> made_by;
    if (collect(function, body, op.operands[ir::op::Dot::rhs], made_by)) early.merge(made_by);
  }
  std::vector<OpId> sorted, others;
  for (OpId id : ops) (early.contains(id) ? sorted : others).push_back(id);
  sorted.insert(sorted.end(), others.begin(), others.end());
  ops = std::move(sorted);
}

}  // namespace

void stage_early(Function& kernel) {
  std::vector<BlockId> bodies;
  ir::walk(kernel, kernel.body, [&](BlockId, OpId id) {
    if (kernel.ops[id].code == OpCode::For) bodies.push_back(kernel.ops[id].regions[0]);
  });
  for (BlockId body : bodies) move_in(kernel, body);
}

}  // namespace tile::schedule
