// GPU machine code as text, by the programs of the CUDA toolkit.
#pragma once

#include <string>

namespace tilec {

/// What ptxas makes of the PTX, disassembled. UsageError when a program is missing or refuses.
std::string disassemble(const std::string& ptx, const std::string& target);

}  // namespace tilec
