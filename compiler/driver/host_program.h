// A kernel's grid block as a HostProgram (compile.h), which a launcher evaluates where there is no
// machine code for the CPU.
#pragma once

#include <variant>

#include "compiler/driver/compile.h"
#include "compiler/ir/function.h"

namespace tile {

/// The extents of the kernel's grid. Or the first op of the grid block that 64-bit integer code
/// cannot express.
std::variant<HostProgram, ir::OpId> make_host_program(const ir::Function& kernel);

}  // namespace tile
