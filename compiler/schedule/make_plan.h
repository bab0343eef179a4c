// Scheduling: tiles become loop nests and buffers.
#pragma once

#include <span>

#include "compiler/base/stride_class.h"
#include "compiler/ir/function.h"
#include "compiler/schedule/plan.h"
#include "compiler/schedule/target.h"

namespace tile::schedule {

/// Plans the module's kernel (inlined: no calls left). `strides` has one class per tensor
/// parameter.
Plan make_plan(const ir::Module& module, std::span<const StrideClass> strides,
               const Target& target);

}  // namespace tile::schedule
