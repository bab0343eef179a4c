// See limits.h. Demands form a lattice (unused, up to a limit, all elements) and only grow, so
// visiting the blocks backward until nothing changes ends soon; loops need a second round at most
// per nesting.
#include "compiler/schedule/limits.h"

#include <algorithm>
#include <string>

#include "compiler/schedule/index_map.h"

namespace tile::schedule {
namespace {

using ir::AccessAttrs;
using ir::AccessDim;
using ir::BlockId;
using ir::Function;
using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

/// The first dimension of a parameter that has the same size symbol.
Limit canonical_size(const Function& function, ValueId tensor, std::size_t dimension) {
  const std::size_t own = function.values[tensor].index;
  const std::string& symbol = function.parameters[own].sizes[dimension];
  for (std::size_t p = 0; p < own; ++p) {
    const std::vector<std::string>& sizes = function.parameters[p].sizes;
    const auto found = std::ranges::find(sizes, symbol);
    if (found == sizes.end()) continue;
    return {ValueId(), static_cast<int>(p), static_cast<int>(found - sizes.begin())};
  }
  const std::vector<std::string>& sizes = function.parameters[own].sizes;
  const auto found = std::ranges::find(sizes, symbol);
  return {ValueId(), static_cast<int>(own), static_cast<int>(found - sizes.begin())};
}

bool is_for_index(const Function& function, ValueId value) {
  const ir::Value& facts = function.values[value];
  if (facts.block.is_none() || facts.index != 0) return false;
  const OpId owner = function.blocks[facts.block].owner;
  return owner && function.ops[owner].code == OpCode::For;
}

class DemandPass {
 public:
  explicit DemandPass(const Function& function);
  Limits run();

 private:
  struct Demand {
    bool is_used = false;
    Limit limit;
    bool operator==(const Demand&) const = default;
  };
  using Demands = std::vector<Demand>;
  static constexpr Demand all{true, {}};

  void visit_block(BlockId block);
  void visit(const Op& op);
  void visit_view(const Op& op);
  void visit_dot(const Op& op);
  void visit_access(const Op& op);
  void visit_loop(const Op& op);
  void visit_along_axis(const Op& op);
  void want(ValueId value, std::size_t d, Demand demand);
  void want_like(ValueId value, ValueId other);
  void want_all(ValueId value);
  bool is_visible(const Limit& limit, ValueId value) const;

  const Function& function_;
  EntityVector<OpId, BlockId> block_of_;
  EntityVector<ValueId, Demands> demands_;
  bool changed_ = false;
};

DemandPass::DemandPass(const Function& function) : function_(function) {
  block_of_.resize(function.ops.size());
  ir::walk(function, function.body, [&](BlockId block, OpId op) { block_of_[op] = block; });
  for (const ir::Value& value : function.values) {
    demands_.push_back(Demands(value.type.is_tile() ? value.type.shape.size() : 0));
  }
}

Limits DemandPass::run() {
  do {
    changed_ = false;
    visit_block(function_.body);
  } while (changed_);
  Limits limits;
  for (const Demands& demands : demands_) {
    std::vector<Limit> list;
    for (const Demand& demand : demands) list.push_back(demand.limit);
    limits.push_back(std::move(list));
  }
  return limits;
}

/// The limit's start must be known where the value is computed: at the start of its block or
/// further out.
bool DemandPass::is_visible(const Limit& limit, ValueId value) const {
  if (!is_early(function_, limit.start)) return false;
  const auto block_of_value = [&](ValueId id) {
    const ir::Value& facts = function_.values[id];
    return facts.op ? block_of_[facts.op] : facts.block;
  };
  const BlockId target = block_of_value(limit.start);
  BlockId block = block_of_value(value);
  while (block != target) {
    const OpId owner = function_.blocks[block].owner;
    if (!owner) return false;
    block = block_of_[owner];
  }
  return true;
}

void DemandPass::want(ValueId value, std::size_t d, Demand demand) {
  if (!demand.is_used) return;
  if (!demand.limit.is_none() && !is_visible(demand.limit, value)) demand = all;
  Demand& known = demands_[value][d];
  const Demand joined = !known.is_used || known == demand ? demand : all;
  if (joined == known) return;
  known = joined;
  changed_ = true;
}

void DemandPass::want_like(ValueId value, ValueId other) {
  for (std::size_t d = 0; d < demands_[value].size(); ++d) want(value, d, demands_[other][d]);
}

void DemandPass::want_all(ValueId value) {
  for (std::size_t d = 0; d < demands_[value].size(); ++d) want(value, d, all);
}

void DemandPass::visit_block(BlockId block) {
  const std::vector<OpId>& ops = function_.blocks[block].ops;
  for (auto op = ops.rbegin(); op != ops.rend(); ++op) {
    visit(function_.ops[*op]);
    for (const BlockId region : function_.ops[*op].regions) visit_block(region);
  }
}

void DemandPass::visit(const Op& op) {
  if (ir::info(op.code).is_elementwise()) {
    for (const ValueId operand : op.operands) want_like(operand, op.results[0]);
  } else if (is_view(function_, op)) {
    visit_view(op);
  } else if (op.code == OpCode::Load || op.code == OpCode::Store) {
    visit_access(op);
  } else if (op.code == OpCode::Reduce || op.code == OpCode::Scan) {
    visit_along_axis(op);
  } else if (op.code == OpCode::Dot) {
    visit_dot(op);
  } else if (op.code == OpCode::For || op.code == OpCode::While) {
    visit_loop(op);
  } else if (op.code == OpCode::If) {
    for (const BlockId region : op.regions) {
      const Op& yield = function_.ops[function_.blocks[region].ops.back()];
      for (std::size_t r = 0; r < op.results.size(); ++r) {
        want_like(yield.operands[r], op.results[r]);
      }
    }
  } else if (op.code != OpCode::Yield) {
    for (const ValueId operand : op.operands) want_all(operand);
  }
}

void DemandPass::visit_view(const Op& op) {
  const ValueId from = op.operands[0];
  const Demands& wanted = demands_[op.results[0]];
  // A map that numbers the result's dimensions tells which one each operand dimension follows.
  IndexMap map(wanted.size());
  for (std::size_t d = 0; d < map.size(); ++d) map[d] = {static_cast<int>(d), 0};
  const IndexMap operand = *operand_map(function_, op, map);
  const bool is_slice = op.code == OpCode::Slice;
  for (std::size_t d = 0; d < operand.size(); ++d) {
    const bool follows = operand[d].dim >= 0 && !is_slice;
    want(from, d, follows ? wanted[static_cast<std::size_t>(operand[d].dim)] : all);
  }
}

void DemandPass::visit_access(const Op& op) {
  const AccessAttrs& access = std::get<AccessAttrs>(op.attributes);
  const bool is_store = op.code == OpCode::Store;
  std::size_t d = 0;
  for (std::size_t t = 0; t < access.dims.size(); ++t) {
    if (access.dims[t].kind == AccessDim::Kind::Point) continue;
    if (is_store)
      want(op.operands[ir::op::Store::value], d, {true, access_limit(function_, op, d)});
    if (access.dims[t].kind == AccessDim::Kind::Gather) {
      want(op.operands[ir::op::Load::indices + t], 0, is_store ? all : demands_[op.results[0]][d]);
    }
    ++d;
  }
}

void DemandPass::visit_along_axis(const Op& op) {
  const bool is_scan = op.code == OpCode::Scan;
  const auto axis =
      static_cast<std::size_t>(is_scan ? std::get<ir::ScanAttrs>(op.attributes).axis
                                       : std::get<ir::ReduceAttrs>(op.attributes).axis);
  const bool is_sum =
      !is_scan && std::get<ir::ReduceAttrs>(op.attributes).kind == ir::ReduceKind::Sum;
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    const ValueId operand = op.operands[i];
    for (std::size_t d = 0; d < demands_[operand].size(); ++d) {
      if (d == axis) {
        want(operand, d, {true, is_sum ? zero_limit(function_, operand, d) : Limit()});
      } else {
        want(operand, d, demands_[op.results[i]][d > axis && !is_scan ? d - 1 : d]);
      }
    }
  }
}

void DemandPass::visit_dot(const Op& op) {
  const ValueId lhs = op.operands[ir::op::Dot::lhs];
  const ValueId rhs = op.operands[ir::op::Dot::rhs];
  const Demands& wanted = demands_[op.results[0]];
  want_like(op.operands[ir::op::Dot::acc], op.results[0]);
  const std::size_t batch = wanted.size() - 2;
  const Limit depth = zero_limit(function_, lhs, batch + 1);
  const bool agree = depth == zero_limit(function_, rhs, batch);
  const Demand along = {true, agree ? depth : Limit()};
  for (std::size_t d = 0; d < batch; ++d) {
    want(lhs, d, wanted[d]);
    want(rhs, d, wanted[d]);
  }
  want(lhs, batch, wanted[batch]);
  want(lhs, batch + 1, along);
  want(rhs, batch, along);
  want(rhs, batch + 1, wanted[batch + 1]);
}

void DemandPass::visit_loop(const Op& op) {
  const bool is_for = op.code == OpCode::For;
  const std::size_t first_init = is_for ? std::size_t{ir::op::For::inits} : 0;
  const BlockId body = op.regions.back();
  const Op& yield = function_.ops[function_.blocks[body].ops.back()];
  for (std::size_t r = 0; r < op.results.size(); ++r) {
    for (const ValueId next : {yield.operands[r], op.operands[first_init + r]}) {
      want_like(next, op.results[r]);
      for (const BlockId region : op.regions) {
        want_like(next, function_.blocks[region].arguments[r + (is_for ? 1 : 0)]);
      }
    }
  }
}

}  // namespace

bool is_never_negative(const Function& function, ValueId value) {
  const Op* op = function.defining_op(value);
  if (op == nullptr) {
    if (!is_for_index(function, value)) return false;
    const Op& loop = function.ops[function.blocks[function.values[value].block].owner];
    return is_never_negative(function, loop.operands[ir::op::For::lower]);
  }
  const auto operand = [&](std::size_t i) { return is_never_negative(function, op->operands[i]); };
  switch (op->code) {
    using enum OpCode;
    case Constant:
      return function.attributes<ir::ConstantAttrs>(function.values[value].op).value.as_int() >= 0;
    case ProgramId:
    case Dim:
      return true;
    case Add:
    case Mul:
    case Div:
    case Min:
      return operand(0) && operand(1);
    case Max:
    case And:
      return operand(0) || operand(1);
    case Rem:
      return operand(0);
    case Select:
      return operand(1) && operand(2);
    default:
      return false;
  }
}

bool is_early(const Function& function, ValueId value) {
  const Op* op = function.defining_op(value);
  if (op == nullptr) return true;
  const bool is_plain = ir::info(op->code).is_elementwise() || op->code == OpCode::Constant ||
                        op->code == OpCode::ProgramId || op->code == OpCode::Dim;
  return is_plain && std::ranges::all_of(op->operands, [&](ValueId operand) {
           return is_early(function, operand);
         });
}

Limit access_limit(const Function& function, const Op& op, std::size_t d) {
  const AccessAttrs& access = std::get<AccessAttrs>(op.attributes);
  std::size_t seen = 0;
  for (std::size_t t = 0; t < access.dims.size(); ++t) {
    const AccessDim& dim = access.dims[t];
    if (dim.kind == AccessDim::Kind::Point || seen++ != d) continue;
    const ValueId start = op.operands[ir::op::Load::indices + t];
    const bool is_limited = dim.kind == AccessDim::Kind::Range && dim.masked && dim.extent > 1 &&
                            is_never_negative(function, start);
    if (!is_limited) return {};
    Limit limit = canonical_size(function, op.operands[ir::op::Load::tensor], t);
    limit.start = start;
    return limit;
  }
  return {};
}

Limits demanded_limits(const Function& function) { return DemandPass(function).run(); }

Limit zero_limit(const Function& function, ValueId value, std::size_t d) {
  const Op* op = function.defining_op(value);
  if (op == nullptr || function.type(value).shape[d] == 1) return {};
  if (op->code == OpCode::Load) {
    const auto pad = function.constant_value(op->operands[ir::op::Load::pad]);
    const bool is_zero = pad && (pad->bits == 0 || pad->bits == 0x80000000u);
    return is_zero ? access_limit(function, *op, d) : Limit();
  }
  if (op->code == OpCode::Permute) {
    const auto& order = std::get<ir::PermuteAttrs>(op->attributes).order;
    return zero_limit(function, op->operands[0], static_cast<std::size_t>(order[d]));
  }
  if (op->code == OpCode::Broadcast && !function.type(op->operands[0]).shape.empty()) {
    return zero_limit(function, op->operands[0], d);
  }
  // Each of these gives zero when all its operands are zero.
  const bool keeps_zero = op->code == OpCode::Add || op->code == OpCode::Sub ||
                          op->code == OpCode::Mul || op->code == OpCode::Neg ||
                          op->code == OpCode::Abs || op->code == OpCode::Fma ||
                          op->code == OpCode::Min || op->code == OpCode::Max;
  if (!keeps_zero) return {};
  // A polynomial is a chain of these on one argument: going on without a limit would walk it once
  // for each way through.
  const Limit limit = zero_limit(function, op->operands[0], d);
  if (limit.is_none()) return {};
  for (std::size_t i = 1; i < op->operands.size(); ++i) {
    if (zero_limit(function, op->operands[i], d) != limit) return {};
  }
  return limit;
}

}  // namespace tile::schedule
