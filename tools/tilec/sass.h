// GPU machine code as text, by the programs of the CUDA toolkit.
#pragma once

#include <optional>
#include <string>

namespace tilec {

/// Path of a program in PATH or where the CUDA toolkit installs itself.
std::optional<std::string> find_program(const std::string& name);

/// What ptxas makes of the PTX, disassembled. UsageError when a program is missing or refuses.
std::string disassemble(const std::string& ptx, const std::string& target);

}  // namespace tilec
