// Errors that say how the program ends.
#pragma once

#include "tools/cli/exit_code.h"

namespace llama {

using enum cli::ExitCode;
using cli::ExitCode;
using cli::Failure;

}  // namespace llama
