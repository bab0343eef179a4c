// SIGINT and SIGTERM as a wish to stop: the first one is remembered, so that the step can be
// finished and saved; a second one ends the process at once.
#pragma once

#include <csignal>

namespace llama {

/// Listens while it lives; one at a time.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The number of the signal that came, or 0.
  int received() const;

 private:
  struct sigaction previous_interrupt_, previous_terminate_;
};

}  // namespace llama
