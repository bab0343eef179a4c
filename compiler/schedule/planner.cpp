// See planner.h. Which tiles are stored, and which step each op becomes.
#include "compiler/schedule/planner.h"

#include <algorithm>

#include "compiler/schedule/make_plan.h"

namespace tile::schedule {

using ir::BlockId;
using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

namespace {

/// Recomputing up to this many simple operations is cheaper than a trip through a buffer.

bool is_control(OpCode code) {
  return code == OpCode::For || code == OpCode::While || code == OpCode::If;
}

}  // namespace

Plan make_plan(const ir::Module& module, std::span<const StrideClass> strides,
               const Target& target) {
  return Planner(module.functions[module.kernel], strides, target).run();
}

Planner::Planner(const ir::Function& function, std::span<const StrideClass> strides,
                 const Target& target)
    : function_(function), strides_(strides), target_(target), limits_(demanded_limits(function)) {
  block_of_op_.resize(function.ops.size());
  stored_.resize(function.values.size());
  is_written_.resize(function.values.size());
  ir::walk(function, function.body, [&](BlockId block, OpId id) {
    block_of_op_[id] = block;
    const Op& op = function.ops[id];
    if (op.code == OpCode::Store) is_written_[op.operands[ir::op::Store::tensor]] = true;
  });
  force_stored();
}

Plan Planner::run() {
  do {
    for (const ValueId value : must_store_) stored_[value] = true;
    start_round();
    RegionUses uses;
    plan_block(function_.body, uses);
    store_late_loads();
    if (must_store_.empty()) store_shared_values();
  } while (!must_store_.empty() || std::exchange(must_repeat_, false));
  for (Nest& nest : plan_.nests) choose_loops(nest);
  share_buffers();
  place_buffers();
  drop_copies();
  return std::move(plan_);
}

/// Results that are made step by step, not element by element, have no inline form.
void Planner::force_stored() {
  ir::walk(function_, function_.body, [&](BlockId, OpId id) {
    const Op& op = function_.ops[id];
    const bool renumbers = op.code == OpCode::Reshape && !is_view(function_, op);
    if (is_control(op.code) || op.code == OpCode::Dot || op.code == OpCode::Reduce ||
        op.code == OpCode::Scan || op.code == OpCode::Concat || renumbers) {
      for (const ValueId result : op.results) stored_[result] = true;
    }
    for (const BlockId region : op.regions) {
      for (const ValueId argument : function_.blocks[region].arguments) stored_[argument] = true;
    }
  });
}

void Planner::start_round() {
  const std::size_t values = function_.values.size();
  plan_ = Plan();
  plan_.places.resize(values);
  plan_.steps.resize(function_.blocks.size());
  ready_ = EntityVector<ValueId, int>(values, 0);
  filled_by_ = EntityVector<ValueId, NestId>(values, NestId());
  uses_ = EntityVector<ValueId, std::vector<Use>>(values, {});
  op_level_ = EntityVector<OpId, int>(function_.ops.size(), 0);
  costs_ = EntityVector<ValueId, int>(values, -1);
  op_nest_ = EntityVector<OpId, NestId>(function_.ops.size(), NestId());
  tensors_ = EntityVector<ValueId, TensorState>(values, {});
  must_store_.clear();
  for (std::uint32_t index = 0; index < values; ++index) {
    const ir::Type& type = function_.values[ValueId{index}].type;
    Place& place = plan_.places[ValueId{index}];
    if (!type.is_tile()) continue;
    place.kind = type.is_scalar()          ? Place::Kind::Scalar
                 : stored_[ValueId{index}] ? Place::Kind::Stored
                                           : Place::Kind::Inline;
  }
}

void Planner::plan_block(BlockId block, RegionUses& uses) {
  const BlockId outer_block = std::exchange(block_, block);
  auto outer_tensors =
      std::exchange(tensors_, EntityVector<ValueId, TensorState>(function_.values.size(), {}));
  RegionUses outer_uses = std::exchange(region_uses_, {});
  for (const OpId op : function_.blocks[block].ops) place(op);
  tensors_ = std::move(outer_tensors);
  std::swap(outer_uses, region_uses_);
  block_ = outer_block;
  uses.values.merge(outer_uses.values);
  uses.tensors_read.merge(outer_uses.tensors_read);
  uses.tensors_stored.merge(outer_uses.tensors_stored);
}

void Planner::place(OpId id) {
  const Op& op = function_.ops[id];
  const bool is_scalar = op.results.size() == 1 && function_.type(op.results[0]).is_scalar();
  switch (op.code) {
    using enum OpCode;
    case Store:
      return place_store(id);
    case Reduce:
    case Scan:
      return place_along_axis(id);
    case Concat:
      return place_concat(id);
    case Dot:
      return place_dot(id);
    case For:
    case While:
      return place_loop(id);
    case If:
      return place_if(id);
    case Yield:
      return place_yield(id);
    case Assume:
    case Assert:
    case Print:
      return;  // live in checked builds only
    case Call:
      TILE_UNREACHABLE("calls are inlined before scheduling");
    default:
      return is_scalar ? place_scalar(id) : place_tile(id);
  }
}

void Planner::place_scalar(OpId id) {
  const Op& op = function_.ops[id];
  const ValueId result = op.results[0];
  int level = 0;
  for (const ValueId operand : op.operands) {
    if (function_.type(operand).is_tile() && !function_.type(operand).is_scalar()) {
      // A tile of one element taken as a scalar.
      ready_[result] = fill(result, BufferId(), OpId()) + 1;
      return;
    }
    level = std::max(level, available(operand));
  }
  if (op.code == OpCode::Load) {
    const ValueId tensor = op.operands[ir::op::Load::tensor];
    TensorState& state = tensors_[tensor];
    level = std::max(level, state.may_read);
    state.may_store = std::max(state.may_store, level + 1);
    region_uses_.tensors_read.insert(tensor);
  }
  ready_[result] = level;
  add_step({.kind = Step::Kind::Scalar, .level = level, .op = id, .nest = {}});
}

/// Views, element-wise tiles and loads: nothing happens here unless the value is stored.
void Planner::place_tile(OpId id) {
  const Op& op = function_.ops[id];
  const ValueId result = op.results[0];
  if (op.code == OpCode::Load) {
    ready_[result] = tensors_[op.operands[ir::op::Load::tensor]].may_read;
    region_uses_.tensors_read.insert(op.operands[ir::op::Load::tensor]);
  }
  if (!stored_[result]) return;
  const BufferId buffer = buffer_of(result);
  if (op.code == OpCode::Reshape && !is_view(function_, op)) {
    // Renumbered elements must lie one after the other: a copy without padding serves both shapes.
    const BufferId copy = scratch("dense", 0);
    plan_.buffers[copy].element = function_.type(result).element;
    plan_.buffers[copy].shape = function_.type(op.operands[0]).shape;
    plan_.buffers[copy].is_dense = plan_.buffers[buffer].is_dense = true;
    plan_.buffers[buffer].same_memory = copy;
    ready_[result] = fill(op.operands[0], copy, id) + 1;
    return;
  }
  const int level = fill(result, buffer, OpId());
  ready_[result] = level + 1;
  if (op.code == OpCode::Load) {
    TensorState& state = tensors_[op.operands[ir::op::Load::tensor]];
    state.may_store = std::max(state.may_store, level + 1);
  }
}

void Planner::place_store(OpId id) {
  const Op& op = function_.ops[id];
  const ValueId tensor = op.operands[ir::op::Store::tensor];
  const ValueId value = op.operands[ir::op::Store::value];
  const ir::Shape& shape = function_.type(value).shape;
  const ir::Shape space = space_of(shape);
  Wanted wanted{&space, {}};
  int level = needed(value, identity_map(shape), wanted);
  std::vector<Limit> limits;
  for (std::size_t d = 0; d < shape.size(); ++d) limits.push_back(access_limit(function_, op, d));
  const auto& access = std::get<ir::AccessAttrs>(op.attributes);
  std::size_t d = 0;
  for (std::size_t t = 0; t < access.dims.size(); ++t) {
    const ValueId index = op.operands[ir::op::Store::indices + t];
    const bool is_gather = access.dims[t].kind == ir::AccessDim::Kind::Gather;
    const IndexMap map = is_gather ? IndexMap{identity_map(shape)[d]} : IndexMap();
    level = std::max(level, needed(index, map, wanted));
    if (access.dims[t].kind != ir::AccessDim::Kind::Point) ++d;
  }
  TensorState& state = tensors_[tensor];
  level = std::max(level, state.may_store);
  state.may_read = state.may_store = level + 1;
  region_uses_.tensors_stored.insert(tensor);
  op_level_[id] = level;
  op_nest_[id] = add_sink({.kind = Sink::Kind::Store,
                           .op = id,
                           .value = value,
                           .buffer = {},
                           .source = {},
                           .offsets = {}},
                          shape, limits, -1, level);
}

void Planner::place_along_axis(OpId id) {
  const Op& op = function_.ops[id];
  const bool is_scan = op.code == OpCode::Scan;
  const int axis = is_scan ? std::get<ir::ScanAttrs>(op.attributes).axis
                           : std::get<ir::ReduceAttrs>(op.attributes).axis;
  const auto at = static_cast<std::size_t>(axis);
  const ir::Shape& shape = function_.type(op.operands[0]).shape;
  const ir::Shape space = space_of(shape);
  Wanted wanted{&space, {}};
  int level = 0;
  for (const ValueId operand : op.operands) {
    level = std::max(level, needed(operand, identity_map(shape), wanted));
  }
  std::vector<Limit> limits = limits_[op.results[0]];
  if (!is_scan) {
    const bool is_sum = std::get<ir::ReduceAttrs>(op.attributes).kind == ir::ReduceKind::Sum;
    Limit along = is_sum ? zero_limit(function_, op.operands[0], at) : Limit();
    if (!along.is_none() && !is_early(function_, along.start)) along = {};
    limits.insert(limits.begin() + axis, along);
  } else {
    limits[at] = {};
  }
  const IndexTerm term = identity_map(shape)[at];
  const Sink::Kind kind = is_scan ? Sink::Kind::Scan : Sink::Kind::Reduce;
  add_sink(
      {.kind = kind, .op = id, .value = op.operands[0], .buffer = {}, .source = {}, .offsets = {}},
      shape, limits, term.dim, level);
  for (const ValueId result : op.results) {
    ready_[result] = level + 1;
    if (!function_.type(result).is_scalar()) buffer_of(result);
  }
}

void Planner::place_concat(OpId id) {
  const Op& op = function_.ops[id];
  const auto axis = static_cast<std::size_t>(std::get<ir::AxisAttrs>(op.attributes).axis);
  const BufferId buffer = buffer_of(op.results[0]);
  int level = 0;
  std::int64_t start = 0;
  for (const ValueId part : op.operands) {
    const ir::Shape& shape = function_.type(part).shape;
    std::vector<std::int64_t> offsets(shape.size(), 0);
    offsets[axis] = start;
    start += shape[axis];
    level = std::max(level, fill(part, buffer, id, 0, std::move(offsets)));
  }
  ready_[op.results[0]] = level + 1;
}

}  // namespace tile::schedule
