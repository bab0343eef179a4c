// The subcommands of `llama`: each adds its options to the program and returns what to run.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "examples/llama/run_options.h"

namespace llama {

/// Exit codes, the same for every tool of the project.
enum ExitCode : int {
  exit_ok = 0,
  exit_usage = 2,
  exit_environment = 4,
  exit_bad_data = 5,
  exit_no_memory = 6,
  exit_device_fault = 70,
};

using Command = std::function<int()>;

/// What they run on is known when they run.
using SharedRunOptions = std::shared_ptr<const RunOptions>;

Command add_generate(CLI::App& app, SharedRunOptions run);
Command add_train(CLI::App& app, SharedRunOptions run);
Command add_eval(CLI::App& app, SharedRunOptions run);
Command add_dump(CLI::App& app, SharedRunOptions run);

}  // namespace llama
