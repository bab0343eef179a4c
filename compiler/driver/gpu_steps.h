// The steps of compile_kernel (pipeline.h) that GPU targets have for themselves.
#pragma once

#include "compiler/driver/pipeline.h"

namespace tile {

/// Module -> gpu_plan and grid. False when something was reported: a number of warps that no block
/// has, more blocks than a multiprocessor runs, a grid that the host cannot compute.
bool plan_for_gpu(LoadedFile& file, Compilation& made);

/// gpu_plan -> llvm, text and entry.
void emit_for_gpu(const LoadedFile& file, Compilation& made);

/// What the launcher needs of it all.
GpuKernel gpu_kernel_of(Compilation made);

}  // namespace tile
