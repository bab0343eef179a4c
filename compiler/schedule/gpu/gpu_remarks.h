// What keeps a kernel from being faster on a GPU, by its plan (schedule/remark.h).
#pragma once

#include "compiler/schedule/gpu/gpu_plan.h"
#include "compiler/schedule/remark.h"

namespace tile::schedule {

/// Short vectors, half-used sectors, masks, exchanges through shared memory and their bank
/// conflicts, dots and why they take the instructions that they take, loops without overlap.
std::vector<Remark> remarks(const GpuPlan& plan, const ir::Function& function,
                            std::span<const StrideClass> strides);

}  // namespace tile::schedule
