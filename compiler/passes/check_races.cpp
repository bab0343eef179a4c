// See check_races.h.
#include "compiler/passes/check_races.h"

namespace tile::passes {

std::vector<RaceProblem> check_races(const ir::Function&) { return {}; }

}  // namespace tile::passes
