// See pipeline.h.
#include "compiler/passes/pipeline.h"

#include <array>

#include "compiler/passes/eliminate_dead.h"
#include "compiler/passes/hoist_invariants.h"
#include "compiler/passes/inline_calls.h"
#include "compiler/passes/remove_masks.h"
#include "compiler/passes/share_common.h"
#include "compiler/passes/simplify.h"

namespace tile::passes {

namespace {

/// A pass on functions as one on modules.
template <void (*pass)(ir::Function&)>
void on_each(ir::Module& module) {
  for (ir::Function& function : module.functions) pass(function);
}

// Hoisting comes before sharing, which then also joins what left a loop with what stood before it.
constexpr std::array table = {
    Pass{"inline_calls", "only noinline functions are called", inline_calls},
    Pass{"simplify", "no rewrite rule applies", on_each<simplify>},
    Pass{"hoist_invariants", "loops compute only what changes", on_each<hoist_invariants>},
    Pass{"share_common", "no op repeats a visible one", on_each<share_common>},
    Pass{"eliminate_dead", "every op is needed", on_each<eliminate_dead>},
    Pass{"remove_masks", "accesses proven inside their tensor are unmasked", on_each<remove_masks>},
};

}  // namespace

std::span<const Pass> all_passes() { return table; }

const Pass* find_pass(std::string_view name) {
  for (const Pass& pass : table) {
    if (pass.name == name) return &pass;
  }
  return nullptr;
}

}  // namespace tile::passes
