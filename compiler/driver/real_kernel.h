// From checked IR to a RealKernel (compile.h). The passes are left out: they would inline the
// functions whose real meanings count here.
#pragma once

#include "compiler/driver/compile.h"
#include "compiler/ir/function.h"
#include "compiler/source/source_file.h"

namespace tile {

/// `sources` are for messages about what happens while the kernel runs.
RealKernel real_kernel_of(ir::Module module, const SourceSet& sources);

}  // namespace tile
