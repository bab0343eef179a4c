// Printing of IR beyond the plain `print` of function.h: with source places, and single ops for
// messages.
#pragma once

#include <string>

#include "compiler/ir/function.h"

namespace tile::ir {

struct PrintOptions {
  bool spans = false;  // " loc(file begin end)" after each op that has a place
};

std::string print(const Module& module, const PrintOptions& options);
/// The op's own line, without its regions. Names may differ from those of the whole function's
/// text.
std::string print(const Function& function, OpId op);

}  // namespace tile::ir
