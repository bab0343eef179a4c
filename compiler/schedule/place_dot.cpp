// See planner.h. Matrix products: where operands are read from, block shapes, packing.
#include <algorithm>
#include <numeric>

#include "compiler/schedule/planner.h"

namespace tile::schedule {

using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

bool Planner::find_direct_operand(ValueId value, const std::vector<Limit>& limits,
                                  DotOperand& operand) {
  IndexMap map(limits.size());
  for (std::size_t d = 0; d < map.size(); ++d) map[d] = {static_cast<int>(d), 0};
  const Op* op = function_.defining_op(value);
  while (!stored_[value] && op != nullptr && is_view(function_, *op)) {
    map = *operand_map(function_, *op, map);
    value = op->operands[0];
    op = function_.defining_op(value);
  }
  operand = {value, map};
  if (stored_[value]) return true;
  if (op == nullptr || op->code != OpCode::Load) return false;
  if (is_written_[op->operands[ir::op::Load::tensor]]) return false;
  const auto& access = std::get<ir::AccessAttrs>(op->attributes);
  std::size_t d = 0;
  for (const ir::AccessDim& dim : access.dims) {
    if (dim.kind == ir::AccessDim::Kind::Gather) return false;
    if (dim.kind == ir::AccessDim::Kind::Point) {
      if (dim.masked) return false;
      continue;
    }
    const IndexTerm term = map[d];
    if (dim.masked) {
      const Limit limit = access_limit(function_, *op, d);
      const bool is_covered = !limit.is_none() && term.dim >= 0 && term.offset == 0 &&
                              limits[static_cast<std::size_t>(term.dim)] == limit;
      if (!is_covered) return false;
    }
    ++d;
  }
  return true;
}

void Planner::place_dot(OpId id) {
  const Op& op = function_.ops[id];
  const ValueId result = op.results[0];
  const ValueId operands[2] = {op.operands[ir::op::Dot::lhs], op.operands[ir::op::Dot::rhs]};
  const std::vector<Limit>& wanted = limits_[result];
  const std::size_t batch = wanted.size() - 2;
  Dot dot;
  dot.op = id;
  dot.buffer = buffer_of(result);
  dot.rows = wanted[batch];
  dot.columns = wanted[batch + 1];
  const Limit depth = zero_limit(function_, operands[0], batch + 1);
  const bool is_common = !depth.is_none() && depth == zero_limit(function_, operands[1], batch) &&
                         is_early(function_, depth.start);
  if (is_common) dot.depth = depth;
  int level = fill(op.operands[ir::op::Dot::acc], dot.buffer, id) + 1;
  bool is_settled = true;
  for (const int side : {0, 1}) {
    std::vector<Limit> limits(wanted.begin(), wanted.end() - 2);
    limits.push_back(side == 0 ? dot.rows : dot.depth);
    limits.push_back(side == 0 ? dot.depth : dot.columns);
    DotOperand& operand = side == 0 ? dot.lhs : dot.rhs;
    if (!find_direct_operand(operands[side], limits, operand)) {
      must_store_.insert(operands[side]);
      is_settled = false;
      continue;
    }
    Wanted outside{nullptr, {}};
    level = std::max(level, needed(operand.value, operand.map, outside));
  }
  for (const Limit& limit : {dot.rows, dot.columns, dot.depth}) {
    if (!limit.is_none()) level = std::max(level, available(limit.start));
  }
  for (const ValueId operand : {dot.lhs.value, dot.rhs.value, result}) {
    uses_[operand].push_back({block_, level, {}, {}, id});
  }
  if (is_settled) choose_blocks(dot);
  ready_[result] = level + 1;
  op_level_[id] = level;
  plan_.dots.push_back(dot);
  add_step({.kind = Step::Kind::Dot,
            .level = level,
            .op = id,
            .nest = {},
            .dot = plan_.dots.size() - 1});
}

/// As many accumulators as there are registers for: 16 of 32, or 12 of 16. Few rows take more
/// columns.
void Planner::choose_blocks(Dot& dot) {
  const Op& op = function_.ops[dot.op];
  const ir::Shape& shape = function_.type(op.results[0]).shape;
  const std::int64_t rows = shape[shape.size() - 2];
  const std::int64_t columns = shape.back();
  const std::int64_t depth = function_.type(op.operands[ir::op::Dot::lhs]).shape.back();
  const bool is_wide = target_.vector_registers >= 32;
  const int most_rows = is_wide ? 8 : 6;
  dot.block_rows = rows <= 2 ? static_cast<int>(rows) : rows <= 4 ? 4 : most_rows;
  const int vectors[] = {0, 8, is_wide ? 8 : 4, 0, is_wide ? 4 : 2};
  const int most = dot.block_rows <= 4 ? vectors[dot.block_rows] : 2;
  const auto needed = static_cast<int>((columns + target_.lanes() - 1) / target_.lanes());
  dot.block_vectors = std::min(most, needed);
  const bool is_tf32 = function_.attributes<ir::DotAttrs>(dot.op).precision == ir::Precision::Tf32;
  const int last = static_cast<int>(shape.size()) - 1;
  dot.packs_lhs = is_tf32 || !is_contiguous(dot.lhs, last);
  dot.packs_rhs = is_tf32 || rows > dot.block_rows || !is_contiguous(dot.rhs, last);

  const std::int64_t width = dot.block_vectors * target_.lanes();
  const std::int64_t strips = dot.packs_lhs ? (rows + dot.block_rows - 1) / dot.block_rows : 1;
  dot.strips = scratch("strips", strips * (depth * dot.block_rows + target_.lanes()));
  dot.panel = scratch("panel", depth * width);
  Buffer& result = plan_.buffers[dot.buffer];
  result.spare_rows = std::max<std::int64_t>(result.spare_rows, dot.block_rows);
  result.row_multiple = std::lcm(result.row_multiple, width);
}

BufferId Planner::scratch(std::string name, std::int64_t count) {
  Buffer buffer;
  buffer.name = std::move(name);
  buffer.shape = {count};
  return plan_.buffers.push_back(std::move(buffer));
}

/// Whether neighbours along dimension `dim` of the operand are neighbours in memory.
bool Planner::is_contiguous(const DotOperand& operand, int dim) const {
  const ir::Shape& shape = function_.type(operand.value).shape;
  if (stored_[operand.value]) {
    for (std::size_t d = shape.size(); d-- > 0;) {
      if (shape[d] != 1) return operand.map[d].dim == dim;
    }
    return true;
  }
  const Op& op = *function_.defining_op(operand.value);
  const auto& access = std::get<ir::AccessAttrs>(op.attributes);
  const ValueId tensor = op.operands[ir::op::Load::tensor];
  const StrideClass& strides = strides_[tensor_number(function_, tensor)];
  std::size_t d = 0;
  bool is_followed = false;
  for (std::size_t t = 0; t < access.dims.size(); ++t) {
    if (access.dims[t].kind == ir::AccessDim::Kind::Point) continue;
    const bool follows = operand.map[d++].dim == dim;
    if (follows && strides.unit_dim == static_cast<int>(t)) return true;
    is_followed |= follows;
  }
  return !is_followed;
}

}  // namespace tile::schedule
