// Errors that say how the program ends.
#pragma once

#include "runtime/device/error.h"
#include "tools/cli/exit_code.h"

namespace llama {

using enum cli::ExitCode;
using cli::ExitCode;

/// An error that ends the program with a code other than exit_bad_data.
class Failure : public pg::Error {
 public:
  Failure(ExitCode code, const std::string& message) : pg::Error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

}  // namespace llama
