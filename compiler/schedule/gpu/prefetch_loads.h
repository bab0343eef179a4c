// Loads one turn ahead: in a loop with a dot or a reduction, loads whose places depend on the
// loop's index alone are issued a turn early and carried, so that their latency passes behind the
// products of the turn before, or behind its threads' waits for each other. The last turn's early
// load is of a turn that never comes: it is masked like every other, so it touches no memory
// outside the tensor. (Other loops have too little work to hide a load behind: they are unrolled,
// choose_unrolling.cpp.)
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/function.h"

namespace tile::schedule {

/// Afterwards such loads (at most `element_budget` elements of tiles per loop, of tensors that the
/// kernel does not write) stand at the start of their loop's body, for the next turn. Returns those
/// loops.
std::vector<ir::OpId> prefetch_loads(ir::Function& kernel, std::int64_t element_budget);

}  // namespace tile::schedule
