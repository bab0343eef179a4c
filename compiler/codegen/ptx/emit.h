// Tile IR + GpuPlan -> LLVM IR -> PTX. emit_ptx is the whole of it for callers; the LLVM types stay
// inside this folder.
#pragma once

#include <span>
#include <string>

#include "compiler/base/stride_class.h"
#include "compiler/ir/function.h"
#include "compiler/schedule/gpu/gpu_plan.h"
#include "compiler/schedule/target.h"
#include "compiler/source/source_file.h"

namespace tile::codegen {

struct PtxText {
  std::string llvm;  // the module's text after optimisation, for --emit=llvm
  std::string ptx;
  std::string entry;
};

/// `sources`: of the spans in the module, for line information.
PtxText emit_ptx(const ir::Module& module, const SourceSet& sources, const schedule::GpuPlan& plan,
                 std::span<const StrideClass> strides, const schedule::Target& target);

}  // namespace tile::codegen
