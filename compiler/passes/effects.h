// What passes may do with an op, derived from the Effects column of the op table.
#pragma once

#include "compiler/ir/function.h"

namespace tile::passes {

/// Touches no memory and owns no control: may be removed, repeated, moved and shared. (A custom
/// reduce or scan is pure too: its region is.)
bool is_pure(const ir::Op& op);

/// A load from a tensor that the kernel never writes. Launchers refuse outputs that overlap inputs,
/// so it gives the same values wherever it stands.
bool is_constant_load(const ir::Function& function, const ir::Op& op);

/// The op and all ops nested in it are pure and sure to end: control ops count by what they
/// contain, and a `while` never does.
bool is_pure_inside(const ir::Function& function, const ir::Op& op);

}  // namespace tile::passes
