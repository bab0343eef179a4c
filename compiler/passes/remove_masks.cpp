// See remove_masks.h. The proofs are analysis/index_range's; this is the walk that knows where it
// stands.
#include "compiler/passes/remove_masks.h"

#include "compiler/passes/analysis/index_range.h"

namespace tile::passes {

using namespace ir;

namespace {

void visit_block(Function& function, BlockId block, IndexFacts& facts) {
  for (OpId id : function.blocks[block].ops) {
    Op& op = function.ops[id];
    if (op.code == OpCode::Assume) facts.add_condition(op.operands[0]);
    if (auto* access = std::get_if<AccessAttrs>(&op.attributes)) {
      for (std::size_t dim = 0; dim < access->dims.size(); ++dim) {
        const Form index = facts.touched_index(id, dim);
        if (facts.is_inside(index, facts.size(op.operands[0], dim)))
          access->dims[dim].masked = false;
      }
    }
    for (std::size_t index = 0; index < op.regions.size(); ++index) {
      const std::size_t mark = facts.mark();
      facts.add_region(op, index);
      visit_block(function, op.regions[index], facts);
      facts.forget_after(mark);
    }
  }
}

}  // namespace

void remove_masks(Function& function) {
  if (function.kind != FunctionKind::Kernel) return;
  IndexFacts facts(function);
  visit_block(function, function.body, facts);
}

}  // namespace tile::passes
