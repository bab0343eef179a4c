// Tile IR and its plan as C++ text for CPUs: self-contained (the prelude is part of it), readable,
// vector code through compiler extensions. The text defines two extern "C" functions with the
// signatures of CpuKernel (driver/compile.h); the JIT finds them by the names below.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "compiler/base/stride_class.h"
#include "compiler/ir/function.h"
#include "compiler/schedule/plan.h"
#include "compiler/schedule/target.h"

namespace tile::codegen {

inline constexpr std::string_view grid_symbol = "tile_grid";
inline constexpr std::string_view run_symbol = "tile_run";

/// The module's kernel (inlined) as its plan says. `strides`: one class per tensor parameter, as
/// planned.
std::string emit_cpp(const ir::Module& module, const schedule::Plan& plan,
                     std::span<const StrideClass> strides, const schedule::Target& target);

}  // namespace tile::codegen
