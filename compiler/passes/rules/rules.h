// The rule tables, by topic. Every rule keeps every bit of the result (NUMERICS): x + 0.0 is not x
// when x is -0, x * 0.0 is not 0.0 when x is negative or infinite. Sign and payload of NaNs are
// free.
#pragma once

#include <span>

#include "compiler/passes/pattern.h"

namespace tile::passes {

std::span<const Rule> arithmetic_rules();
std::span<const Rule> compare_rules();  // comparisons, selection, booleans
std::span<const Rule> shape_rules();
std::span<const Rule> memory_rules();  // sizes of tensors

}  // namespace tile::passes
