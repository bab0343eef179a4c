// Afterwards only functions marked `noinline` are called, and the module holds the kernel and the
// functions it still calls; all others are gone (a module without a kernel keeps all of its
// functions).
#pragma once

#include "compiler/ir/function.h"

namespace tile::passes {

void inline_calls(ir::Module& module);

}  // namespace tile::passes
