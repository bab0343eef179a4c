// Afterwards every op has an effect (store, assume, assert, print), or contains one that has, or
// gives a value that such an op needs; loops and ifs carry and give only values that are needed.
#pragma once

#include "compiler/ir/function.h"

namespace tile::passes {

void eliminate_dead(ir::Function& function);

}  // namespace tile::passes
