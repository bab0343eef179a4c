// See effects.h.
#include "compiler/passes/effects.h"

namespace tile::passes {

using namespace ir;

bool is_pure(const Op& op) { return info(op.code).effects == Effects::Pure; }

bool is_constant_load(const Function& function, const Op& op) {
  if (op.code != OpCode::Load) return false;
  const Value& tensor = function.values[op.operands[op::Load::tensor]];
  return function.parameters[tensor.index].access == Access::In;
}

bool is_pure_inside(const Function& function, const Op& op) {
  if (op.code == OpCode::While) return false;
  const bool may_contain = info(op.code).effects == Effects::Control;
  if (!may_contain && !is_pure(op)) return false;
  for (BlockId region : op.regions) {
    for (OpId inner : function.blocks[region].ops) {
      if (!is_pure_inside(function, function.ops[inner])) return false;
    }
  }
  return true;
}

}  // namespace tile::passes
