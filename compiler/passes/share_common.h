// Afterwards no op repeats an earlier visible one: same op, attributes, operands (in any order when
// it commutes) and result types. Pure ops are shared, and loads from tensors that the kernel never
// writes.
#pragma once

#include "compiler/ir/function.h"

namespace tile::passes {

void share_common(ir::Function& function);

}  // namespace tile::passes
