// In a loop that multiplies on tensor cores: what only finishes the right side of a dot (a mask, a
// factor) moves to the start of the loop's body, before the loads for the next turn. The sides are
// then all staged at once, so that one barrier a turn is enough, and the registers of a turn's
// loads are free before the next turn's need them.
#pragma once

#include "compiler/ir/function.h"

namespace tile::schedule {

/// After prefetch_loads: what was loaded a turn ahead is an argument of the body.
void stage_early(ir::Function& kernel);

}  // namespace tile::schedule
