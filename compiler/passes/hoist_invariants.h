// Afterwards no loop body computes what does not change from turn to turn: pure ops (whole ifs and
// loops included, when all inside is pure) and scalar loads from read-only tensors stand before the
// loop. Tile loads stay: fused with their use they cost nothing, kept across the loop they need
// room.
#pragma once

#include "compiler/ir/function.h"

namespace tile::passes {

void hoist_invariants(ir::Function& function);

}  // namespace tile::passes
