// See planner.h. Control ops, sinks and the rounds' questions: what must be stored from now on.
#include <algorithm>

#include "compiler/schedule/planner.h"

namespace tile::schedule {

using ir::BlockId;
using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

namespace {

bool is_along_axis(const Sink& sink) {
  return sink.kind == Sink::Kind::Reduce || sink.kind == Sink::Kind::Scan;
}

/// Recomputing up to this many simple operations is cheaper than a trip through a buffer.
constexpr int recompute_cost = 4;

}  // namespace

/// Loops carry tiles in one buffer, which the inits fill, each yield overwrites and the result
/// names.
void Planner::place_loop(OpId id) {
  const Op& op = function_.ops[id];
  const bool is_for = op.code == OpCode::For;
  const std::size_t first_init = is_for ? std::size_t{ir::op::For::inits} : 0;
  int level = 0;
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    const ValueId operand = op.operands[i];
    if (i < first_init || function_.type(operand).is_scalar()) {
      level = std::max(level, available(operand));
      continue;
    }
    const ValueId result = op.results[i - first_init];
    const BufferId buffer = buffer_of(result);
    for (const BlockId region : op.regions) {
      const std::size_t argument = i - first_init + (is_for ? 1 : 0);
      plan_.places[function_.blocks[region].arguments[argument]] = plan_.places[result];
    }
    level = std::max(level, fill(operand, buffer, id) + 1);
  }
  RegionUses uses;
  for (const BlockId region : op.regions) plan_block(region, uses);
  place_control(id, level, uses);
}

void Planner::place_if(OpId id) {
  const Op& op = function_.ops[id];
  for (const ValueId result : op.results) {
    if (!function_.type(result).is_scalar()) buffer_of(result);
  }
  RegionUses uses;
  for (const BlockId region : op.regions) plan_block(region, uses);
  place_control(id, available(op.operands[ir::op::If::condition]), uses);
}

void Planner::place_control(OpId id, int level, const RegionUses& uses) {
  const Op& op = function_.ops[id];
  for (const ValueId value : uses.values) level = std::max(level, available(value));
  for (const ValueId tensor : uses.tensors_read) {
    if (is_written_[tensor]) level = std::max(level, tensors_[tensor].may_read);
  }
  for (const ValueId tensor : uses.tensors_stored) {
    level = std::max(level, tensors_[tensor].may_store);
  }
  for (const ValueId tensor : uses.tensors_read) {
    tensors_[tensor].may_store = std::max(tensors_[tensor].may_store, level + 1);
  }
  for (const ValueId tensor : uses.tensors_stored) {
    tensors_[tensor].may_read = tensors_[tensor].may_store = level + 1;
  }
  region_uses_.tensors_read.insert(uses.tensors_read.begin(), uses.tensors_read.end());
  region_uses_.tensors_stored.insert(uses.tensors_stored.begin(), uses.tensors_stored.end());
  for (const ValueId result : op.results) ready_[result] = level + 1;
  op_level_[id] = level;
  add_step({.kind = Step::Kind::Control, .level = level, .op = id, .nest = {}});
}

/// Yielded tiles fill the buffer that carries them, once nothing reads its old content any more.
void Planner::place_yield(OpId id) {
  const Op& yield = function_.ops[id];
  const OpId owner = function_.blocks[block_].owner;
  if (!owner) return;
  const Op& op = function_.ops[owner];
  const bool is_condition = op.code == OpCode::While && block_ == op.regions[0];
  for (const ValueId value : yield.operands) {
    if (function_.type(value).is_scalar()) available(value);
  }
  if (is_condition) return;
  std::vector<CarriedTile> tiles;
  const std::vector<ValueId>& arguments = function_.blocks[block_].arguments;
  const std::size_t first = arguments.size() - (op.code == OpCode::If ? 0 : op.results.size());
  for (std::size_t r = 0; r < op.results.size(); ++r) {
    if (function_.type(op.results[r]).is_scalar()) continue;
    const ValueId argument = op.code == OpCode::If ? ValueId() : arguments[first + r];
    if (argument && yield.operands[r] == argument) continue;  // carried unchanged
    tiles.push_back({yield.operands[r], argument, plan_.places[op.results[r]].buffer});
  }
  if (careful_loops_.contains(owner)) return yield_by_copies(id, tiles);
  for (CarriedTile& tile : tiles) {
    int level = 0;
    if (tile.argument) {
      const ir::Shape& shape = function_.type(tile.value).shape;
      const ir::Shape space = space_of(shape);
      Wanted wanted{&space, {}};
      level = overwrite_level(tile.argument, needed(tile.value, identity_map(shape), wanted));
    }
    tile.level = fill(tile.value, tile.buffer, id, level);
  }
  for (const CarriedTile& tile : tiles) {
    if (tile.argument && is_read_late(tile)) {
      careful_loops_.insert(owner);
      must_repeat_ = true;
    }
  }
}

/// Whether the old content is read after, or in another order than, the new one is written.
bool Planner::is_read_late(const CarriedTile& tile) const {
  const IndexMap identity = identity_map(function_.type(tile.argument).shape);
  return std::ranges::any_of(uses_[tile.argument], [&](const Use& use) {
    const int level = level_in(block_, use);
    if (level != tile.level) return level > tile.level;
    if (use.block != block_ || use.nest.is_none() || use.map != identity) return true;
    return std::ranges::none_of(plan_.nests[use.nest].sinks, [&](const Sink& sink) {
      return sink.kind == Sink::Kind::Fill && sink.buffer == tile.buffer;
    });
  });
}

/// When one yielded tile reads what another overwrites: all go to buffers of their own first.
void Planner::yield_by_copies(OpId id, const std::vector<CarriedTile>& tiles) {
  std::vector<BufferId> copies;
  for (const CarriedTile& tile : tiles) {
    Buffer copy;
    copy.name = "next";
    copy.element = function_.type(tile.value).element;
    copy.shape = function_.type(tile.value).shape;
    copies.push_back(plan_.buffers.push_back(std::move(copy)));
    fill(tile.value, copies.back(), id);
  }
  const int level = plan_.steps[block_].empty() ? 0 : plan_.steps[block_].back().level + 1;
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    Sink sink;
    sink.kind = Sink::Kind::Fill;
    sink.op = id;
    sink.value = tiles[i].value;
    sink.buffer = tiles[i].buffer;
    sink.source = copies[i];
    add_sink(std::move(sink), function_.type(tiles[i].value).shape, limits_[tiles[i].value], -1,
             level);
  }
}

/// The lowest level, from `level` on, at which the buffer of a carried value may be overwritten:
/// above all its uses, or in the one nest that reads each element just before.
int Planner::overwrite_level(ValueId carried, int level) const {
  const ir::Shape& shape = function_.type(carried).shape;
  const IndexMap identity = identity_map(shape);
  NestId nest;
  bool is_clear = true;
  for (const Use& use : uses_[carried]) {
    const int at = level_in(block_, use);
    if (at < level) continue;
    const bool is_same_element = use.block == block_ && use.nest && use.map == identity &&
                                 plan_.nests[use.nest].space == space_of(shape);
    const bool is_one_nest = at > level || nest.is_none() || nest == use.nest;
    if (at > level) is_clear = true;
    is_clear = is_clear && is_same_element && is_one_nest;
    nest = use.nest;
    level = at;
  }
  return is_clear ? level : level + 1;
}

/// Adds the sink that writes a tile to a buffer (to a scalar, if none); returns its level.
int Planner::fill(ValueId value, BufferId buffer, OpId taker, int level,
                  std::vector<std::int64_t> offsets) {
  const ir::Shape& shape = function_.type(value).is_scalar()
                               ? function_.type(function_.defining_op(value)->operands[0]).shape
                               : function_.type(value).shape;
  const bool is_own = taker.is_none();
  const ir::Shape space = space_of(shape);
  Wanted wanted{&space, {}};
  const IndexMap map = function_.type(value).is_scalar() ? IndexMap() : identity_map(shape);
  level = std::max(level, needed(value, map, wanted, is_own));
  for (const Limit& limit : limits_[value]) {
    if (!limit.is_none()) level = std::max(level, available(limit.start));
  }
  const NestId nest = add_sink({.kind = Sink::Kind::Fill,
                                .op = taker,
                                .value = value,
                                .buffer = buffer,
                                .source = {},
                                .offsets = offsets},
                               shape, limits_[value], -1, level);
  if (is_own) filled_by_[value] = nest;
  return level;
}

/// Joins a nest of the same space and level, or makes one.
NestId Planner::add_sink(Sink sink, const ir::Shape& shape, const std::vector<Limit>& limits,
                         int axis, int level) {
  const ir::Shape space = space_of(shape);
  std::vector<Limit> own = space.empty() ? std::vector<Limit>() : squeezed(limits, shape);
  NestId id;
  const bool is_reversed =
      sink.kind == Sink::Kind::Scan && function_.attributes<ir::ScanAttrs>(sink.op).reverse;
  for (std::uint32_t n = 0; n < plan_.nests.size() && !is_reversed; ++n) {
    const Nest& nest = plan_.nests[NestId{n}];
    const bool is_axis_free =
        !nest.is_reversed && (!is_along_axis(sink) || nest.axis == axis ||
                              std::ranges::none_of(nest.sinks, is_along_axis));
    if (nest.block == block_ && nest.level == level && nest.space == space && is_axis_free) {
      id = NestId{n};
    }
  }
  if (!id) {
    Nest made;
    made.block = block_;
    made.level = level;
    made.space = space;
    made.limits = own;
    made.is_reversed = is_reversed;
    id = plan_.nests.push_back(std::move(made));
    add_step({.kind = Step::Kind::Nest, .level = level, .op = {}, .nest = id});
  }
  Nest& nest = plan_.nests[id];
  if (axis >= 0) nest.axis = axis;
  for (std::size_t d = 0; d < own.size(); ++d) {
    if (nest.limits[d] != own[d]) nest.limits[d] = {};
  }
  const Use where{block_, level, id, {}, {}};
  const bool is_own = sink.kind == Sink::Kind::Fill && sink.op.is_none();
  const IndexMap map = function_.type(sink.value).is_scalar() ? IndexMap() : identity_map(shape);
  if (sink.source.is_none()) use(sink.value, map, where, is_own);
  if (sink.kind == Sink::Kind::Store) {
    use_indices(function_.ops[sink.op], map, where);
  } else if (sink.kind != Sink::Kind::Fill) {
    const std::vector<ValueId>& operands = function_.ops[sink.op].operands;
    for (std::size_t i = 1; i < operands.size(); ++i) use(operands[i], map, where);
  }
  nest.sinks.push_back(std::move(sink));
  return id;
}

/// Steps are kept in the order of their levels, then kinds, then arrival.
void Planner::add_step(Step step) {
  std::vector<Step>& steps = plan_.steps[block_];
  const auto key = [](const Step& other) { return std::pair(other.level, other.kind); };
  steps.insert(std::ranges::upper_bound(steps, key(step), {}, key), step);
}

/// The limits of the dimensions above 1.
std::vector<Limit> Planner::squeezed(const std::vector<Limit>& limits,
                                     const ir::Shape& shape) const {
  std::vector<Limit> result;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] != 1) result.push_back(limits[d]);
  }
  return result;
}

/// Rows are padded to whole vectors so that the last vector of a row may be read and written whole.
BufferId Planner::buffer_of(ValueId value) {
  Place& place = plan_.places[value];
  if (place.buffer) return place.buffer;
  const ir::Value& facts = function_.values[value];
  Buffer buffer;
  buffer.name = facts.name;
  buffer.element = facts.type.element;
  buffer.shape = facts.type.shape;
  place.buffer = plan_.buffers.push_back(std::move(buffer));
  return place.buffer;
}

/// An inline load of a tensor that the kernel writes must run before the next store to it, or
/// beside that store in the same nest if both name the same elements. Other such loads are stored
/// where they stand.
void Planner::store_late_loads() {
  ir::walk(function_, function_.body, [&](BlockId block, OpId id) {
    const Op& op = function_.ops[id];
    if (op.code != OpCode::Load || stored_[op.results[0]]) return;
    const ValueId tensor = op.operands[ir::op::Load::tensor];
    if (!is_written_[tensor] || function_.type(op.results[0]).is_scalar()) return;
    const OpId store = next_store(block, id, tensor);
    for (const Use& use : uses_[op.results[0]]) {
      const bool is_before = !store || use.level < op_level_[store];
      if (use.block == block && (is_before || is_same_access(op, store, use))) continue;
      must_store_.insert(op.results[0]);
    }
  });
}

/// The first op of the block after `load` that stores to the tensor, itself or in a region.
OpId Planner::next_store(BlockId block, OpId load, ValueId tensor) const {
  const std::vector<OpId>& ops = function_.blocks[block].ops;
  for (auto at = std::ranges::find(ops, load); at != ops.end(); ++at) {
    bool stores = function_.ops[*at].code == OpCode::Store &&
                  function_.ops[*at].operands[ir::op::Store::tensor] == tensor;
    for (const BlockId region : function_.ops[*at].regions) {
      ir::walk(function_, region, [&](BlockId, OpId inner) {
        const Op& op = function_.ops[inner];
        stores |= op.code == OpCode::Store && op.operands[ir::op::Store::tensor] == tensor;
      });
    }
    if (stores) return *at;
  }
  return OpId();
}

bool Planner::is_same_access(const Op& load, OpId store, const Use& use) const {
  const Op& other = function_.ops[store];
  if (other.code != OpCode::Store || use.nest != op_nest_[store]) return false;
  if (use.map != identity_map(function_.type(load.results[0]).shape)) return false;
  const auto same_kind = [](const ir::AccessDim& a, const ir::AccessDim& b) {
    return a.kind == b.kind && a.extent == b.extent;
  };
  return std::ranges::equal(std::get<ir::AccessAttrs>(load.attributes).dims,
                            std::get<ir::AccessAttrs>(other.attributes).dims, same_kind) &&
         std::equal(load.operands.begin() + ir::op::Load::indices, load.operands.end(),
                    other.operands.begin() + ir::op::Store::indices, other.operands.end());
}

/// An expensive element-wise value that several nests compute, or one nest repeatedly, is stored:
/// the outermost such values first, since that often settles their operands.
void Planner::store_shared_values() {
  std::vector<OpId> ops;
  ir::walk(function_, function_.body, [&](BlockId, OpId op) { ops.push_back(op); });
  std::set<ValueId> covered;
  for (auto id = ops.rbegin(); id != ops.rend(); ++id) {
    const Op& op = function_.ops[*id];
    if (op.results.size() != 1 || plan_.places[op.results[0]].kind != Place::Kind::Inline) continue;
    const ValueId value = op.results[0];
    bool is_covered = covered.contains(value);
    if (!is_covered && ir::info(op.code).is_elementwise() && is_recomputed(value)) {
      must_store_.insert(value);
      is_covered = true;
    }
    if (is_covered) covered.insert(op.operands.begin(), op.operands.end());
  }
}

bool Planner::is_recomputed(ValueId value) {
  if (uses_[value].empty() || cost(value) <= recompute_cost) return false;
  const Use& first = uses_[value].front();
  return std::ranges::any_of(uses_[value], [&](const Use& use) {
    return use.nest != first.nest || use.block != block_of(value) || replicates(use);
  });
}

}  // namespace tile::schedule
