// How our programs end: the same numbers for each, documented in their --help.
#pragma once

#include <string>

#include "runtime/device/error.h"

namespace cli {

enum ExitCode : int {
  exit_ok = 0,
  exit_source_errors = 1,  // tilec: the kernel's text
  exit_usage = 2,
  exit_check_failed = 3,
  exit_environment = 4,
  exit_bad_data = 5,
  exit_no_memory = 6,
  exit_io = 7,
  exit_device_fault = 70,
  exit_internal_error = 70,
  exit_by_signal = 128,  // plus the signal's number
};

/// An error that names the code with which the program ends.
class Failure : public pg::Error {
 public:
  Failure(ExitCode code, const std::string& message) : pg::Error(message), code_(code) {}
  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

}  // namespace cli
