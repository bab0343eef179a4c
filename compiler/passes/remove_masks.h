// Afterwards a dimension of a load or store is `masked` only where its indices could not be proven
// to lie inside the tensor: 0 <= start and start + extent <= size. Everywhere else no check is
// needed.
#pragma once

#include "compiler/ir/function.h"

namespace tile::passes {

/// Kernels only; functions have no accesses.
void remove_masks(ir::Function& function);

}  // namespace tile::passes
