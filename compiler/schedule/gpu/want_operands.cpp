// The layout that each op wants its tile operands in, once every class has one (gpu_plan.h says who
// wants what). Where it differs from the operand's home the code generator converts.
#include <algorithm>
#include <numeric>

#include "compiler/base/check.h"
#include "compiler/schedule/gpu/planner.h"
#include "compiler/schedule/gpu/scratch.h"
#include "compiler/schedule/index_map.h"

namespace tile::schedule {

using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

Layout GpuPlanner::home_or(ValueId value, const Layout& otherwise) const {
  const auto& home = plan_.layouts[value];
  return home ? *home : otherwise;
}

/// The operands' own layout where the order of the reduction allows it, else one that holds the
/// ordered index bits of the axis in registers.
Layout GpuPlanner::reduction_layout(const Op& op) {
  const auto& attributes = std::get<ir::ReduceAttrs>(op.attributes);
  const ir::Shape& shape = function_.type(op.operands[0]).shape;
  std::vector<int> order(shape.size());
  std::iota(order.rbegin(), order.rend(), 0);
  const Layout home = home_or(op.operands[0], blocked_layout(shape, order, 1, plan_.warps));
  int first_ordered = 64;  // bits of the axis from here on must be registers
  if (attributes.kind == ir::ReduceKind::Sum || attributes.kind == ir::ReduceKind::Prod) {
    first_ordered = sum_lane_bits;
  } else if (attributes.kind == ir::ReduceKind::Custom) {
    first_ordered = 0;
  }
  const auto is_ordered = [&](std::int64_t basis) {
    return first_ordered < 64 && home.coordinate(basis, attributes.axis) >> first_ordered != 0;
  };
  if (std::ranges::none_of(home.lanes, is_ordered) &&
      std::ranges::none_of(home.warps, is_ordered)) {
    return home;
  }
  return blocked_layout(shape, order, 1, plan_.warps, {attributes.axis, first_ordered});
}

/// The plan of a dot whose left side is wanted in registers.
const GpuDot* GpuPlanner::dot_with_left(const Op& op) const {
  const auto found = std::ranges::find_if(plan_.dots, [&](const GpuDot& dot) {
    return &function_.ops[dot.op] == &op && dot.lhs == GpuDot::in_registers;
  });
  return found == plan_.dots.end() ? nullptr : &*found;
}

std::vector<std::optional<Layout>> GpuPlanner::wanted(const Op& op) {
  std::vector<std::optional<Layout>> layouts(op.operands.size());
  const auto want_all = [&](const std::optional<Layout>& layout) {
    for (std::size_t i = 0; i < op.operands.size(); ++i) {
      const ir::Type& type = function_.type(op.operands[i]);
      if (type.is_tile() && type.rank() > 0) layouts[i] = layout;
    }
  };
  const auto result = op.results.empty() ? std::nullopt : plan_.layouts[op.results[0]];
  switch (op.code) {
    case OpCode::Broadcast:
      if (result && is_tile(op.operands[0])) {
        layouts[0] = broadcast_operand(*result, function_.type(op.operands[0]).shape);
      }
      break;
    case OpCode::Reshape: {
      const ir::Shape& from = function_.type(op.operands[0]).shape;
      const bool is_anew = is_tile(op.results[0]) && !result;
      if (from.empty() || is_anew) break;
      std::vector<int> order(from.size());
      std::iota(order.rbegin(), order.rend(), 0);
      layouts[0] = result && can_reshape(from, function_.type(op.results[0]).shape)
                       ? reshape(*result, from)
                       : home_or(op.operands[0], blocked_layout(from, order, 1, plan_.warps));
      break;
    }
    case OpCode::Permute:
      if (result) {
        const auto& order = std::get<ir::PermuteAttrs>(op.attributes).order;
        layouts[0] = permute(*result, inverse(order));
      }
      break;
    case OpCode::Slice:
    case OpCode::Concat:
      for (std::size_t i = 0; i < op.operands.size(); ++i) {
        const ir::Shape& shape = function_.type(op.operands[i]).shape;
        std::vector<int> order(shape.size());
        std::iota(order.rbegin(), order.rend(), 0);
        layouts[i] = home_or(op.operands[i], blocked_layout(shape, order, 1, plan_.warps));
      }
      break;
    case OpCode::Reduce:
      want_all(reduction_layout(op));
      break;
    case OpCode::Scan:
      want_all(result);
      break;
    case OpCode::Dot:
      layouts[ir::op::Dot::acc] = result;  // lhs and rhs are staged
      if (const auto* dot = dot_with_left(op)) layouts[ir::op::Dot::lhs] = wgmma_lhs_layout(*dot);
      break;
    case OpCode::Load:
    case OpCode::Store:
      return wanted_by_access(op);
    case OpCode::For:
    case OpCode::While:
      for (std::size_t i = 0; i < op.results.size(); ++i) {
        layouts[op.operands.size() - op.results.size() + i] = plan_.layouts[op.results[i]];
      }
      break;
    case OpCode::Yield:
      break;  // want_results
    default:
      if (result) want_all(result);
  }
  return layouts;
}

std::vector<std::optional<Layout>> GpuPlanner::wanted_by_access(const Op& op) {
  std::vector<std::optional<Layout>> layouts(op.operands.size());
  const auto& access = std::get<ir::AccessAttrs>(op.attributes);
  const bool is_load = op.code == OpCode::Load;
  const ValueId value = is_load ? op.results[0] : op.operands[ir::op::Store::value];
  if (!is_tile(value)) return layouts;
  const Layout own = access_layout(op, function_.type(value).shape);
  Layout layout = home_or(value, own);
  if (!is_load && !fills_sectors(op, layout)) layout = own;
  if (!is_load) layouts[ir::op::Store::value] = layout;
  int tile_dim = 0;
  for (std::size_t d = 0; d < access.dims.size(); ++d) {
    if (access.dims[d].kind == ir::AccessDim::Kind::Point) continue;
    if (access.dims[d].kind == ir::AccessDim::Kind::Gather) {
      Layout index = layout;
      for (int other = layout.extents.size(); other-- > 0;) {
        if (other != tile_dim) index = drop_dimension(index, other);
      }
      layouts[2 + d] = index;
    }
    ++tile_dim;
  }
  return layouts;
}

/// What a region yields takes the layout of the control op's results (or, for a while's condition,
/// is a scalar).
void GpuPlanner::want_results(const Op& op) {
  for (std::size_t r = 0; r < op.regions.size(); ++r) {
    if (op.code == OpCode::While && r == 0) continue;
    const OpId yield = function_.blocks[op.regions[r]].ops.back();
    auto& layouts = plan_.operands[yield];
    layouts.assign(op.results.size(), std::nullopt);
    for (std::size_t i = 0; i < op.results.size(); ++i) {
      layouts[i] = plan_.layouts[op.results[i]];
    }
  }
}

void GpuPlanner::want_operands() {
  for (OpId id : all_ops_) {
    const Op& op = function_.ops[id];
    if (op.code == OpCode::Yield) continue;
    plan_.operands[id] = wanted(op);
    want_results(op);
  }
}

}  // namespace tile::schedule
