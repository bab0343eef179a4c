// See planner.h. Which loop of a nest is vectorised, and in which order the loops stand. Every
// memory access votes for the dimension along which its elements are neighbours and against those
// along which they are not.
#include <algorithm>
#include <numeric>

#include "compiler/schedule/planner.h"

namespace tile::schedule {

using ir::AccessDim;
using ir::Op;
using ir::OpCode;
using ir::ValueId;

namespace {

constexpr int load_weight = 2;
constexpr int store_weight = 3;

/// Built-in kinds whose partial results along the axis can be kept in the lanes of a vector.
bool combines_across_lanes(ir::ReduceKind kind) {
  switch (kind) {
    using enum ir::ReduceKind;
    case Sum:
    case Prod:
    case Max:
    case Min:
    case Any:
    case All:
    case Xor:
      return true;
    case ArgMax:
    case ArgMin:
    case Custom:
      return false;
  }
  TILE_UNREACHABLE("reduce kind");
}

}  // namespace

void Planner::choose_loops(Nest& nest) {
  const std::size_t rank = nest.space.size();
  nest.order.resize(rank);
  std::iota(nest.order.begin(), nest.order.end(), 0);
  if (rank == 0) return;
  std::vector<int> votes(rank, 0);
  neighbours_.assign(rank, false);
  std::set<std::pair<ValueId, IndexMap>> seen;
  bool is_axis_sequential = false;
  for (const Sink& sink : nest.sinks) {
    vote_sink(sink, votes, seen);
    if (sink.kind == Sink::Kind::Scan) is_axis_sequential = true;
    if (sink.kind == Sink::Kind::Reduce) {
      const auto kind = function_.attributes<ir::ReduceAttrs>(sink.op).kind;
      is_axis_sequential |= !combines_across_lanes(kind);
    }
  }
  for (int d = 0; d < static_cast<int>(rank); ++d) {
    if (is_axis_sequential && d == nest.axis) continue;
    const auto at = static_cast<std::size_t>(d);
    if (2 * nest.space[at] < target_.lanes()) votes[at] -= store_weight;  // mostly idle lanes
    const int best = nest.vector_dim;
    if (best < 0 || votes[at] >= votes[static_cast<std::size_t>(best)]) nest.vector_dim = d;
  }
  const auto move_last = [&](int dim) {
    const auto found = std::ranges::find(nest.order, dim);
    if (found != nest.order.end()) std::rotate(found, found + 1, nest.order.end());
  };
  move_last(nest.vector_dim);
  move_last(nest.axis);
  if (nest.axis >= 0) return;
  // A tile that some tensor holds the other way round goes block by block: the cache lines that lie
  // across the vector loop are used up before they are lost.
  for (int d = 0; d < static_cast<int>(rank); ++d) {
    if (d != nest.vector_dim && neighbours_[static_cast<std::size_t>(d)]) nest.blocked_dim = d;
  }
  move_last(nest.blocked_dim);
}

void Planner::vote_sink(const Sink& sink, std::vector<int>& votes,
                        std::set<std::pair<ValueId, IndexMap>>& seen) {
  const ir::Type& type = function_.type(sink.value);
  const IndexMap map = type.is_scalar() ? IndexMap() : identity_map(type.shape);
  if (sink.source) return vote_buffer(map, store_weight, votes);
  vote(sink.value, map, votes, seen, sink.kind == Sink::Kind::Fill && sink.op.is_none());
  if (sink.kind == Sink::Kind::Store) {
    vote_access(function_.ops[sink.op], map, store_weight, votes);
  } else if (sink.kind == Sink::Kind::Reduce || sink.kind == Sink::Kind::Scan) {
    const std::vector<ValueId>& operands = function_.ops[sink.op].operands;
    for (std::size_t i = 1; i < operands.size(); ++i) vote(operands[i], map, votes, seen);
  } else {
    vote_buffer(map, store_weight, votes);
  }
}

void Planner::vote(ValueId value, const IndexMap& map, std::vector<int>& votes,
                   std::set<std::pair<ValueId, IndexMap>>& seen, bool is_definition) {
  const Op* op = function_.defining_op(value);
  if (function_.type(value).is_scalar() && op != nullptr && !is_view(function_, *op)) return;
  if (!seen.insert({value, map}).second) return;
  if (op == nullptr || (stored_[value] && !is_definition)) {
    return vote_buffer(map, load_weight, votes);
  }
  if (const auto view = operand_map(function_, *op, map)) {
    vote(op->operands[0], *view, votes, seen);
  } else if (op->code == OpCode::Load) {
    vote_access(*op, map, load_weight, votes);
  } else if (ir::info(op->code).is_elementwise()) {
    for (const ValueId operand : op->operands) vote(operand, map, votes, seen);
  }
}

/// Elements of a buffer are neighbours along the last dimension above 1.
void Planner::vote_buffer(const IndexMap& map, int weight, std::vector<int>& votes) {
  bool is_innermost = true;
  for (auto term = map.rbegin(); term != map.rend(); ++term) {
    if (term->dim < 0) continue;
    votes[static_cast<std::size_t>(term->dim)] += is_innermost ? weight : -weight;
    is_innermost = false;
  }
}

void Planner::vote_access(const Op& op, const IndexMap& map, int weight, std::vector<int>& votes) {
  const ValueId tensor = op.operands[ir::op::Load::tensor];
  const StrideClass& strides = strides_[tensor_number(function_, tensor)];
  const auto& access = std::get<ir::AccessAttrs>(op.attributes);
  std::size_t d = 0;
  for (std::size_t t = 0; t < access.dims.size(); ++t) {
    if (access.dims[t].kind == AccessDim::Kind::Point) continue;
    const IndexTerm term = map[d++];
    if (term.dim < 0 || ((strides.zero_dims >> t) & 1u) != 0) continue;
    const bool is_unit =
        access.dims[t].kind == AccessDim::Kind::Range && strides.unit_dim == static_cast<int>(t);
    votes[static_cast<std::size_t>(term.dim)] += is_unit ? weight : -weight;
    if (is_unit) neighbours_[static_cast<std::size_t>(term.dim)] = true;
  }
}

}  // namespace tile::schedule
