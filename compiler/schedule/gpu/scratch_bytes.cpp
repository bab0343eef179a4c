// How much scratch the ops of a kernel need, one after the other.
#include <algorithm>

#include "compiler/schedule/gpu/planner.h"

namespace tile::schedule {

using ir::Op;
using ir::OpCode;
using ir::OpId;

namespace {

std::int64_t bytes_of(const ir::Function& function, ir::ValueId value) {
  const ir::Type& type = function.type(value);
  return ir::element_count(padded(type.shape)).value() * ir::byte_size(type.element);
}

/// Room for rows that begin in other banks.
std::int64_t with_padding(std::int64_t bytes) { return bytes + bytes / 4 + 512; }

}  // namespace

std::int64_t scratch_bytes(const ir::Function& function, const GpuPlan& plan) {
  std::int64_t most = 0;
  ir::walk(function, function.body, [&](ir::BlockId, OpId id) {
    const Op& op = function.ops[id];
    std::int64_t total = 0;
    for (std::size_t i = 0; i < plan.operands[id].size(); ++i) {
      const auto& wanted = plan.operands[id][i];
      if (!wanted) continue;
      const auto& home = plan.layouts[op.operands[i]];
      const bool is_converted = home && !(*home == *wanted);
      const bool is_reshaped =
          op.code == OpCode::Reshape &&
          !can_reshape(function.type(op.operands[i]).shape, function.type(op.results[0]).shape);
      const bool is_exchanged = op.code == OpCode::Reduce || op.code == OpCode::Scan ||
                                op.code == OpCode::Slice || op.code == OpCode::Concat;
      const std::int64_t bytes = with_padding(bytes_of(function, op.operands[i]));
      if (is_converted) most = std::max(most, bytes);
      if (is_reshaped || is_exchanged) total += bytes;
    }
    most = std::max(most, total);
  });
  return most;
}

}  // namespace tile::schedule
