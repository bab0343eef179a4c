// What ptxas -v says about a kernel.
#pragma once

#include <string_view>

namespace tile {

struct AssemblerLog {
  int registers = 0;    // of a thread
  int spill_bytes = 0;  // that a thread stores for lack of them
};

/// Zeros for what the text does not say.
AssemblerLog read_assembler_log(std::string_view text);

}  // namespace tile
