// Reads the text form that printer.cpp writes (docs/ir.md), for tests of passes and back ends. It
// checks only what it needs to build the module; verify() judges the result.
#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "compiler/ir/function.h"

namespace tile::ir {

struct ReadError {
  int line = 0;         // 1-based
  std::string message;  // "unknown op `ad`"
};

std::expected<Module, ReadError> read_module(std::string_view text);

}  // namespace tile::ir
