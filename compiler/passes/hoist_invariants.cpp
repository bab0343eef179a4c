// See hoist_invariants.h. Inner loops first, so that what leaves one can go on and leave the next.
// All ops of the language are total, so running one for a loop without turns is harmless.
#include "compiler/passes/hoist_invariants.h"

#include <algorithm>

#include "compiler/passes/effects.h"

namespace tile::passes {

using namespace ir;

namespace {

class Hoisting {
 public:
  explicit Hoisting(Function& function) : function_(function), depth_(function.values.size(), 0) {}
  void block(BlockId id, int depth);

 private:
  bool can_move(const Op& op) const;
  bool uses_only(const Op& op, int depth) const;
  void set_depth(const Op& op, int depth);
  void take_out(BlockId region, int depth, std::vector<OpId>& out);

  Function& function_;
  EntityVector<ValueId, int> depth_;  // number of regions around a value's definition
};

bool Hoisting::can_move(const Op& op) const {
  if (op.code == OpCode::Yield) return false;
  if (is_constant_load(function_, op)) return function_.type(op.results[0]).is_scalar();
  return is_pure_inside(function_, op);
}

/// Nothing that the op or its nested ops use is defined in the region at depth + 1. (What is deeper
/// and yet visible to them is defined inside the op and moves with it.)
bool Hoisting::uses_only(const Op& op, int depth) const {
  for (ValueId operand : op.operands) {
    if (depth_[operand] == depth + 1) return false;
  }
  for (BlockId region : op.regions) {
    for (OpId inner : function_.blocks[region].ops) {
      if (!uses_only(function_.ops[inner], depth)) return false;
    }
  }
  return true;
}

void Hoisting::set_depth(const Op& op, int depth) {
  for (ValueId result : op.results) depth_[result] = depth;
}

/// Moves what can go from a loop's region at depth + 1 to the end of `out`.
void Hoisting::take_out(BlockId region, int depth, std::vector<OpId>& out) {
  std::erase_if(function_.blocks[region].ops, [&](OpId id) {
    const Op& op = function_.ops[id];
    if (!can_move(op) || !uses_only(op, depth)) return false;
    set_depth(op, depth);
    out.push_back(id);
    return true;
  });
}

void Hoisting::block(BlockId id, int depth) {
  for (ValueId argument : function_.blocks[id].arguments) depth_[argument] = depth;
  std::vector<OpId> ops;
  for (OpId op_id : function_.blocks[id].ops) {
    const Op& op = function_.ops[op_id];
    const bool is_loop = op.code == OpCode::For || op.code == OpCode::While;
    set_depth(op, depth);
    for (BlockId region : op.regions) {
      block(region, depth + 1);
      if (is_loop) take_out(region, depth, ops);
    }
    ops.push_back(op_id);
  }
  function_.blocks[id].ops = std::move(ops);
}

}  // namespace

void hoist_invariants(Function& function) { Hoisting(function).block(function.body, 0); }

}  // namespace tile::passes
