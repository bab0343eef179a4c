// See eliminate_dead.h. Needs are traced back value by value, through carried values one by one, so
// that a loop may lose some of its values; then a sweep drops what nobody needs.
#include "compiler/passes/eliminate_dead.h"

#include "compiler/passes/keep_results.h"

namespace tile::passes {

using namespace ir;

namespace {

class DeadCode {
 public:
  explicit DeadCode(Function& function)
      : function_(function),
        needed_(function.values.size(), false),
        live_(function.ops.size(), false),
        block_of_(function.ops.size(), BlockId()) {}

  void run();

 private:
  void find_roots(BlockId block);
  void need(ValueId value);
  void need_op(OpId op);
  void need_sources(ValueId value);
  void need_carried(const Op& op, std::size_t index);
  void sweep(BlockId block);
  void drop_values(OpId op);
  const Op& yield_of(BlockId block) const {
    return function_.ops[function_.blocks[block].ops.back()];
  }

  Function& function_;
  EntityVector<ValueId, bool> needed_;
  EntityVector<OpId, bool> live_;
  EntityVector<OpId, BlockId> block_of_;
  std::vector<ValueId> pending_;
};

std::size_t first_init(const Op& op) {
  return op.code == OpCode::For ? std::size_t{op::For::inits} : 0;
}

bool is_loop(const Op& op) { return op.code == OpCode::For || op.code == OpCode::While; }

void DeadCode::need(ValueId value) {
  if (needed_[value]) return;
  needed_[value] = true;
  pending_.push_back(value);
}

/// The op stays, and so do all ops around it.
void DeadCode::need_op(OpId id) {
  while (!id.is_none() && !live_[id]) {
    live_[id] = true;
    const Op& op = function_.ops[id];
    if (op.code == OpCode::For) {
      for (std::size_t index = 0; index < op::For::inits; ++index) need(op.operands[index]);
    } else if (op.code == OpCode::While) {
      for (ValueId value : yield_of(op.regions[0]).operands) need(value);
    } else if (op.code != OpCode::Yield) {  // a yield's operands are needed one by one
      for (ValueId operand : op.operands) need(operand);
    }
    if (op.code == OpCode::Reduce || op.code == OpCode::Scan) {
      for (BlockId region : op.regions) {
        for (ValueId value : yield_of(region).operands) need(value);
      }
    }
    id = function_.blocks[block_of_[id]].owner;
  }
}

/// A loop's carried value `index` is needed: inside, after and before the loop it is one and the
/// same.
void DeadCode::need_carried(const Op& op, std::size_t index) {
  need(op.results[index]);
  need(op.operands[first_init(op) + index]);
  const std::size_t skip = op.code == OpCode::For ? 1 : 0;
  for (BlockId region : op.regions) {
    need(function_.blocks[region].arguments[index + skip]);
  }
  need(yield_of(op.regions.back()).operands[index]);
}

void DeadCode::need_sources(ValueId value) {
  const Value& info = function_.values[value];
  if (!info.op.is_none()) {
    need_op(info.op);
    const Op& op = function_.ops[info.op];
    if (is_loop(op)) return need_carried(op, info.index);
    if (op.code != OpCode::If) return;
    for (BlockId region : op.regions) need(yield_of(region).operands[info.index]);
    return;
  }
  const OpId owner = function_.blocks[info.block].owner;
  if (owner.is_none()) return;
  need_op(owner);
  const Op& op = function_.ops[owner];
  if (op.code == OpCode::While) return need_carried(op, info.index);
  if (op.code == OpCode::For && info.index > 0) need_carried(op, info.index - 1);
}

void DeadCode::find_roots(BlockId block) {
  for (OpId id : function_.blocks[block].ops) {
    block_of_[id] = block;
    const Op& op = function_.ops[id];
    for (BlockId region : op.regions) find_roots(region);
    const bool is_result = op.code == OpCode::Yield && function_.blocks[block].owner.is_none();
    if (info(op.code).effects == Effects::Writes) need_op(id);
    if (is_result) {
      for (ValueId operand : op.operands) need(operand);
    }
  }
}

/// Removes results that nobody needs from a loop or if.
void DeadCode::drop_values(OpId id) {
  std::vector<bool> needed;
  for (ValueId result : function_.ops[id].results) needed.push_back(needed_[result]);
  keep_results(function_, id, needed);
}

void DeadCode::sweep(BlockId block) {
  std::erase_if(function_.blocks[block].ops,
                [&](OpId op) { return !live_[op] && function_.ops[op].code != OpCode::Yield; });
  for (OpId id : function_.blocks[block].ops) {
    const Op& op = function_.ops[id];
    for (BlockId region : op.regions) sweep(region);
    if (is_loop(op) || op.code == OpCode::If) drop_values(id);
  }
}

void DeadCode::run() {
  for (BlockId root : {function_.grid, function_.body}) {
    if (!root.is_none()) find_roots(root);
  }
  while (!pending_.empty()) {
    const ValueId value = pending_.back();
    pending_.pop_back();
    need_sources(value);
  }
  for (BlockId root : {function_.grid, function_.body}) {
    if (!root.is_none()) sweep(root);
  }
}

}  // namespace

void eliminate_dead(Function& function) { DeadCode(function).run(); }

}  // namespace tile::passes
