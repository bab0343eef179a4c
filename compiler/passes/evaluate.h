// The value of an element-wise op on constants, by the interpreter's own definitions, so that
// folding cannot differ from running. A NaN comes out as the one quiet NaN 0x7fc00000 (NUMERICS
// leaves it open).
#pragma once

#include <optional>
#include <span>

#include "compiler/ir/function.h"

namespace tile::passes {

/// Nothing when the op is not element-wise.
std::optional<ir::Scalar> evaluate(const ir::Op& op, std::span<const ir::Scalar> operands,
                                   ir::ElementType result);

}  // namespace tile::passes
