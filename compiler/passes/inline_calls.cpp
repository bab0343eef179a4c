// See inline_calls.h. Functions are visited callees first, so a callee is free of calls to inline
// when its body is copied.
#include "compiler/passes/inline_calls.h"

#include "compiler/passes/clone.h"

namespace tile::passes {

using namespace ir;

namespace {

bool is_inlined(const Module& module, const Op& op) {
  return op.code == OpCode::Call &&
         !module.functions[std::get<CallAttrs>(op.attributes).callee].no_inline;
}

/// Replaces the calls directly in `block` and in the regions below it; `replaced` gets their
/// results.
void inline_block(const Module& module, Function& function, BlockId block, ValueMap& replaced) {
  const std::vector<OpId> old_ops = std::move(function.blocks[block].ops);
  function.blocks[block].ops.clear();
  for (OpId id : old_ops) {
    if (is_inlined(module, function.ops[id])) {
      const Op call = function.ops[id];
      const Function& callee = module.functions[std::get<CallAttrs>(call.attributes).callee];
      ValueMap map;
      const std::vector<ValueId>& parameters = callee.blocks[callee.body].arguments;
      for (std::size_t index = 0; index < parameters.size(); ++index) {
        set_mapped(map, parameters[index], call.operands[index]);
      }
      const std::vector<ValueId> values = clone_block(callee, callee.body, function, block, map);
      for (std::size_t index = 0; index < values.size(); ++index) {
        set_mapped(replaced, call.results[index], values[index]);
      }
      continue;
    }
    function.blocks[block].ops.push_back(id);
    const std::vector<BlockId> regions = function.ops[id].regions;
    for (BlockId region : regions) inline_block(module, function, region, replaced);
  }
}

void mark_callees(const Module& module, FunctionId id, EntityVector<FunctionId, bool>& used) {
  if (used[id]) return;
  used[id] = true;
  const Function& function = module.functions[id];
  const auto visit = [&](BlockId, OpId op) {
    if (function.ops[op].code != OpCode::Call) return;
    mark_callees(module, function.attributes<CallAttrs>(op).callee, used);
  };
  walk(function, function.grid, visit);
  walk(function, function.body, visit);
}

/// Keeps the kernel and what it calls, with new ids in the old order.
void drop_unused(Module& module) {
  EntityVector<FunctionId, bool> used(module.functions.size(), false);
  mark_callees(module, module.kernel, used);
  EntityVector<FunctionId, FunctionId> new_ids(module.functions.size(), FunctionId());
  EntityVector<FunctionId, Function> kept;
  for (std::uint32_t index = 0; index < module.functions.size(); ++index) {
    const FunctionId id{index};
    if (used[id]) new_ids[id] = kept.push_back(std::move(module.functions[id]));
  }
  for (Function& function : kept) {
    for (Op& op : function.ops) {  // ops that were removed may name functions that are gone
      if (auto* call = std::get_if<CallAttrs>(&op.attributes)) call->callee = new_ids[call->callee];
    }
  }
  module.kernel = new_ids[module.kernel];
  module.functions = std::move(kept);
}

}  // namespace

void inline_calls(Module& module) {
  for (Function& function : module.functions) {
    ValueMap replaced;
    if (!function.grid.is_none()) inline_block(module, function, function.grid, replaced);
    inline_block(module, function, function.body, replaced);
    replace_uses(function, replaced);
  }
  if (!module.kernel.is_none()) drop_unused(module);
}

}  // namespace tile::passes
