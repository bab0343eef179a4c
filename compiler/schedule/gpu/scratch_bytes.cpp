// How much scratch the ops of a kernel need, one after the other.
#include <algorithm>

#include "compiler/schedule/gpu/planner.h"
#include "compiler/schedule/gpu/scratch.h"

namespace tile::schedule {

using ir::Op;
using ir::OpCode;
using ir::OpId;

namespace {

/// An op that moves its operands through scratch in row-major order.
bool is_moved_flat(const ir::Function& function, const Op& op) {
  if (op.code == OpCode::Slice || op.code == OpCode::Concat) return true;
  return op.code == OpCode::Reshape &&
         !can_reshape(function.type(op.operands[0]).shape, function.type(op.results[0]).shape);
}

std::int64_t bytes_of_reduce(const ir::Function& function, const GpuPlan& plan, OpId id) {
  const Op& op = function.ops[id];
  const auto& attributes = std::get<ir::ReduceAttrs>(op.attributes);
  const Layout& layout = plan.operands[id][0].value();
  std::vector<ir::ElementType> elements;
  for (ir::ValueId operand : op.operands) elements.push_back(function.type(operand).element);
  std::int64_t most = reduce_bytes(layout, attributes, elements);
  // Results may be at home in another layout than the one they come out in.
  for (ir::ValueId result : op.results) {
    const auto& home = plan.layouts[result];
    if (!home) continue;
    most = std::max(most, conversion_bytes(drop_dimension(layout, attributes.axis), *home,
                                           function.type(result).element));
  }
  return most;
}

std::int64_t bytes_of_scan(const ir::Function& function, const Op& op) {
  std::int64_t total = 0;
  for (ir::ValueId operand : op.operands) {
    total += scan_bytes(function.type(operand), std::get<ir::ScanAttrs>(op.attributes).axis);
  }
  return total;
}

}  // namespace

std::int64_t scratch_bytes(const ir::Function& function, const GpuPlan& plan) {
  std::int64_t most = 0;
  const auto need = [&](std::int64_t bytes) { most = std::max(most, bytes); };
  ir::walk(function, function.body, [&](ir::BlockId, OpId id) {
    const Op& op = function.ops[id];
    for (std::size_t i = 0; i < plan.operands[id].size(); ++i) {
      const auto& wanted = plan.operands[id][i];
      if (!wanted) continue;
      const ir::Type& type = function.type(op.operands[i]);
      const auto& home = plan.layouts[op.operands[i]];
      if (home) need(conversion_bytes(*home, *wanted, type.element));
      if (is_moved_flat(function, op)) need(flat_bytes(type));
    }
    if (op.code == OpCode::Reduce) need(bytes_of_reduce(function, plan, id));
    if (op.code == OpCode::Scan) need(bytes_of_scan(function, op));
  });
  return most;
}

}  // namespace tile::schedule
