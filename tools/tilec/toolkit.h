// Programs of the machine that tilec runs: the CUDA toolkit's assembler and disassembler, a C
// compiler that links.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace tilec {

/// Path of a program in PATH or where the CUDA toolkit installs itself.
std::optional<std::string> find_program(const std::string& name);

/// What ptxas makes of PTX, and what it says about it (registers, spills). UsageError when it is
/// missing or refuses.
struct Assembled {
  std::string cubin, log;
};
Assembled assemble(const std::string& ptx, const std::string& target);

/// The machine code of the PTX, disassembled. UsageError likewise.
std::string disassemble(const std::string& ptx, const std::string& target);

/// A shared library of object files (their bytes), linked by `cc`.
std::string link_shared(const std::vector<std::string>& objects);

}  // namespace tilec
