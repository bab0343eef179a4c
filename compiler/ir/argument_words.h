// Where a kernel's parameters are among the 64-bit words of a launch (driver/compile.h): a tensor
// is its address, then its sizes, then its strides; a scalar is one word.
#pragma once

#include <cstddef>
#include <vector>

#include "compiler/ir/function.h"

namespace tile::ir {

/// The first word of each parameter, then the number of words.
std::vector<std::size_t> first_words(const Function& kernel);

}  // namespace tile::ir
