// Takes results away from a loop or an if, together with what belongs to them inside.
#pragma once

#include "compiler/ir/function.h"

namespace tile::passes {

/// keep[i] says whether result i of the For, While or If stays; the inits, region arguments and
/// yielded values of the others go too. Nothing may use those any more.
void keep_results(ir::Function& function, ir::OpId op, const std::vector<bool>& keep);

}  // namespace tile::passes
