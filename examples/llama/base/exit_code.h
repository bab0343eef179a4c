// How the program ends: the same numbers for every tool of the project.
#pragma once

#include "runtime/device/error.h"

namespace llama {

enum ExitCode : int {
  exit_ok = 0,
  exit_usage = 2,
  exit_check_failed = 3,
  exit_environment = 4,
  exit_bad_data = 5,
  exit_no_memory = 6,
  exit_io = 7,
  exit_device_fault = 70,
  exit_by_signal = 128,  // plus the signal's number
};

/// An error that ends the program with a code other than exit_bad_data.
class Failure : public pg::Error {
 public:
  Failure(ExitCode code, const std::string& message) : pg::Error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

}  // namespace llama
