// Which layout each tile has. Values that meet element by element form a class with one layout. The
// classes that cost most choose first: results of dots, then the largest loads and stores, so that
// neighbours in memory are neighbours in a warp. Each choice spreads to classes of other shapes
// along reductions, broadcasts, reshapes and permutations, where it costs no conversion. Values
// made of constants and iota belong to no class: they are computed wherever they are wanted.
#include <algorithm>
#include <array>
#include <numeric>

#include "compiler/schedule/gpu/planner.h"
#include "compiler/schedule/gpu/scratch.h"
#include "compiler/schedule/index_map.h"

namespace tile::schedule {

using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

namespace {

/// More than this many elementwise ops are not worth doing twice.
constexpr int rematerialization_limit = 6;
constexpr std::int64_t sector_bytes = 32;

bool has_elementwise_trait(OpCode code) { return ir::info(code).is_elementwise(); }

}  // namespace

bool GpuPlanner::is_rematerialized(const Op& op) const {
  switch (op.code) {
    case OpCode::Constant:
    case OpCode::Iota:
      return true;
    case OpCode::Broadcast:
    case OpCode::Reshape:
    case OpCode::Permute:
      if (function_.type(op.operands[0]).is_scalar()) return true;
      if (op.code == OpCode::Reshape &&
          !can_reshape(function_.type(op.operands[0]).shape, function_.type(op.results[0]).shape)) {
        return false;
      }
      return is_rematerialized_[op.operands[0]] != 0;
    default:
      break;
  }
  if (!has_elementwise_trait(op.code)) return false;
  return std::ranges::all_of(op.operands, [&](ValueId operand) {
    return function_.type(operand).is_scalar() || is_rematerialized_[operand] != 0;
  });
}

void GpuPlanner::find_rematerialized() {
  for (OpId id : all_ops_) {
    const Op& op = function_.ops[id];
    if (op.results.size() != 1 || !is_tile(op.results[0]) || !is_rematerialized(op)) continue;
    int cost = has_elementwise_trait(op.code) ? 1 : 0;
    if (op.code == OpCode::Div || op.code == OpCode::Rem || op.code == OpCode::Sqrt) cost += 4;
    for (ValueId operand : op.operands) cost += costs_[operand];
    costs_[op.results[0]] = cost;
    is_rematerialized_[op.results[0]] = cost <= rematerialization_limit ? 1 : 0;
  }
}

ValueId GpuPlanner::representative(ValueId value) {
  while (parent_[value] != value) {
    parent_[value] = parent_[parent_[value]];
    value = parent_[value];
  }
  return value;
}

void GpuPlanner::join(ValueId a, ValueId b) {
  if (has_home(a) && has_home(b)) parent_[representative(a)] = representative(b);
}

/// The carried values of control ops: init, argument, yielded value and result are one class.
void GpuPlanner::join_results(const Op& op) {
  const std::size_t inits = op.code == OpCode::For ? 3 : 0;
  const std::size_t first_argument = op.code == OpCode::For ? 1 : 0;
  for (std::size_t r = 0; r < op.regions.size(); ++r) {
    const ir::Block& block = function_.blocks[op.regions[r]];
    const Op& yield = function_.ops[block.ops.back()];
    const bool yields_results = op.code != OpCode::While || r == 1;
    for (std::size_t i = 0; i < op.results.size(); ++i) {
      if (yields_results) join(yield.operands[i], op.results[i]);
      if (op.code == OpCode::If) continue;
      join(block.arguments[first_argument + i], op.results[i]);
      join(op.operands[inits + i], op.results[i]);
    }
  }
}

void GpuPlanner::join_classes() {
  for (OpId id : all_ops_) {
    const Op& op = function_.ops[id];
    switch (op.code) {
      case OpCode::For:
      case OpCode::While:
      case OpCode::If:
        join_results(op);
        break;
      case OpCode::Dot:
        join(op.operands[ir::op::Dot::acc], op.results[0]);
        break;
      case OpCode::Scan:
        for (std::size_t i = 0; i < op.results.size(); ++i) {
          join(op.operands[i], op.results[i]);
          join(op.results[0], op.results[i]);
        }
        break;
      case OpCode::Reduce:
        for (std::size_t i = 1; i < op.operands.size(); ++i) {
          join(op.operands[i], op.operands[0]);
          join(op.results[i], op.results[0]);
        }
        break;
      default:
        if (!has_elementwise_trait(op.code)) break;
        for (ValueId operand : op.operands) join(operand, op.results[0]);
    }
  }
}

/// Sums and products along more than 256 elements combine their index bits from 8 on in order
/// (NUMERICS rule 2). A class with such an operand has them in registers from the start.
void GpuPlanner::find_ordered() {
  for (OpId id : all_ops_) {
    const Op& op = function_.ops[id];
    if (op.code != OpCode::Reduce || !has_home(op.operands[0])) continue;
    const auto& attributes = function_.attributes<ir::ReduceAttrs>(id);
    if (attributes.kind != ir::ReduceKind::Sum && attributes.kind != ir::ReduceKind::Prod) continue;
    const ir::Shape& shape = function_.type(op.operands[0]).shape;
    if (shape[static_cast<std::size_t>(attributes.axis)] <= 1 << sum_lane_bits) continue;
    ordered_[representative(op.operands[0])] = {attributes.axis, sum_lane_bits};
  }
}

/// The tile's dimension along which the tensor's memory runs; -1: none.
int GpuPlanner::unit_dim(const Op& op) const {
  const auto& access = std::get<ir::AccessAttrs>(op.attributes);
  const StrideClass& strides = strides_[tensor_number(function_, op.operands[0])];
  int tile_dim = 0;
  for (std::size_t d = 0; d < access.dims.size(); ++d) {
    if (access.dims[d].kind == ir::AccessDim::Kind::Point) continue;
    if (static_cast<int>(d) == strides.unit_dim) {
      return access.dims[d].kind == ir::AccessDim::Kind::Range ? tile_dim : -1;
    }
    ++tile_dim;
  }
  return -1;
}

/// Whether the threads of one warp access whole sectors of memory (32 bytes) of the tensor, so
/// that no part of one is moved in vain.
bool GpuPlanner::fills_sectors(const Op& op, const Layout& layout) const {
  const int dim = unit_dim(op);
  if (dim < 0) return true;
  const std::int64_t bytes = ir::byte_size(function_.type(op.operands[0]).element);
  const std::int64_t length =
      std::min(layout.extents[static_cast<std::size_t>(dim)], sector_bytes / bytes);
  const auto is_step = [&](std::int64_t basis, std::int64_t step) {
    for (int d = 0; d < static_cast<int>(layout.extents.size()); ++d) {
      if (layout.coordinate(basis, d) != (d == dim ? step : 0)) return false;
    }
    return true;
  };
  for (std::int64_t step = 1; step < length; step *= 2) {
    const auto found = [&](std::int64_t basis) { return is_step(basis, step); };
    if (std::ranges::none_of(layout.lanes, found) &&
        std::ranges::none_of(layout.registers, found)) {
      return false;
    }
  }
  return true;
}

/// Neighbours in memory in neighbouring lanes, up to 16 bytes of them in one thread.
Layout GpuPlanner::access_layout(const Op& op, const ir::Shape& shape, OrderedBits ordered) const {
  const ir::Type& tensor = function_.type(op.operands[0]);
  const StrideClass& strides = strides_[tensor_number(function_, op.operands[0])];
  std::vector<int> order(shape.size());
  std::iota(order.rbegin(), order.rend(), 0);  // the last dimension runs fastest
  int vector = 1;
  if (const int dim = unit_dim(op); dim >= 0) {
    std::erase(order, dim);
    order.insert(order.begin(), dim);
    if (strides.aligned) vector = 16 / std::max(4, ir::byte_size(tensor.element));
  }
  // All lanes first: a vector must not leave threads without elements.
  const ir::Shape extents = padded(shape);
  std::int64_t count = ir::element_count(extents).value();
  if (ordered.dim >= 0) {
    const std::int64_t extent = extents[static_cast<std::size_t>(ordered.dim)];
    count /= std::max<std::int64_t>(1, extent >> ordered.first_bit);
  }
  vector =
      static_cast<int>(std::clamp<std::int64_t>(count / (plan_.warps * lanes_per_warp), 1, vector));
  return blocked_layout(shape, order, vector, plan_.warps, ordered);
}

std::optional<Layout> GpuPlanner::layout_of(ValueId value) {
  return class_layouts_[representative(value)];
}

void GpuPlanner::settle(ValueId value, const Layout& layout) {
  if (!has_home(value)) return;
  auto& settled = class_layouts_[representative(value)];
  if (settled) return;
  settled = layout;
  // Members of the class hand the choice on.
  const ValueId root = representative(value);
  for (OpId id : all_ops_) {
    const Op& op = function_.ops[id];
    const auto is_member = [&](ValueId v) { return has_home(v) && representative(v) == root; };
    if (std::ranges::any_of(op.operands, is_member) || std::ranges::any_of(op.results, is_member)) {
      propagate(id);
    }
  }
}

void GpuPlanner::propagate(OpId id) {
  const Op& op = function_.ops[id];
  if (op.results.empty() || op.operands.empty()) return;
  const ValueId from = op.operands[0], to = op.results[0];
  if (!is_tile(from) || !is_tile(to) || !function_.type(from).is_tile()) return;
  const ir::Shape& from_shape = function_.type(from).shape;
  const ir::Shape& to_shape = function_.type(to).shape;
  const auto operand = has_home(from) ? layout_of(from) : std::nullopt;
  const auto result = has_home(to) ? layout_of(to) : std::nullopt;
  switch (op.code) {
    case OpCode::Reduce:
      if (operand)
        settle(to, drop_dimension(*operand, function_.attributes<ir::ReduceAttrs>(id).axis));
      break;
    case OpCode::Broadcast:
      if (result) settle(from, broadcast_operand(*result, from_shape));
      break;
    case OpCode::Reshape:
      if (!can_reshape(from_shape, to_shape)) break;
      if (operand) settle(to, reshape(*operand, to_shape));
      if (result) settle(from, reshape(*result, from_shape));
      break;
    case OpCode::Permute: {
      const auto& order = function_.attributes<ir::PermuteAttrs>(id).order;
      if (operand) settle(to, permute(*operand, order));
      if (result) settle(from, permute(*result, inverse(order)));
      break;
    }
    default:
      break;
  }
}

void GpuPlanner::choose_class_layouts() {
  if (plan_.pipeline) {
    settle(function_.ops[plan_.pipeline->dot].results[0], plan_.pipeline->result);
  }
  for (const GpuDot& dot : plan_.dots) settle(function_.ops[dot.op].results[0], dot.result);
  settle_wgmma();
  struct Access {
    OpId op;
    ValueId value;
    std::int64_t count;
  };
  std::vector<Access> accesses;
  for (OpId id : all_ops_) {
    const Op& op = function_.ops[id];
    if (op.code != OpCode::Load && op.code != OpCode::Store) continue;
    const ValueId value = op.code == OpCode::Load ? op.results[0] : op.operands[1];
    if (!has_home(value)) continue;
    accesses.push_back({id, value, ir::element_count(function_.type(value).shape).value()});
  }
  std::ranges::sort(accesses, [](const Access& a, const Access& b) {
    return a.count != b.count ? a.count > b.count : a.op < b.op;
  });
  for (const Access& access : accesses) {
    settle(access.value, access_layout(function_.ops[access.op], function_.type(access.value).shape,
                                       ordered_[representative(access.value)]));
  }
  // What touches no memory: row-major.
  for (std::uint32_t i = 0; i < function_.values.size(); ++i) {
    const ValueId value{i};
    if (!has_home(value) || layout_of(value)) continue;
    const ir::Shape& shape = function_.type(value).shape;
    std::vector<int> order(shape.size());
    std::iota(order.rbegin(), order.rend(), 0);
    settle(value, blocked_layout(shape, order, 1, plan_.warps));
  }
  for (std::uint32_t i = 0; i < function_.values.size(); ++i) {
    const ValueId value{i};
    if (has_home(value)) plan_.layouts[value] = layout_of(value);
  }
  // A load whose class runs across its memory has a layout of its own; uses convert it.
  for (const Access& access : accesses) {
    const Op& op = function_.ops[access.op];
    if (op.code != OpCode::Load || fills_sectors(op, *plan_.layouts[access.value])) continue;
    plan_.layouts[access.value] = access_layout(op, function_.type(access.value).shape);
  }
}

}  // namespace tile::schedule
