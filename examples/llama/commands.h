// The subcommands of `llama`: each adds its options to the program and returns what to run.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace llama {

/// Exit codes, the same for every tool of the project.
enum ExitCode : int {
  exit_ok = 0,
  exit_usage = 2,
  exit_environment = 4,
  exit_bad_data = 5,
  exit_no_memory = 6,
};

using Command = std::function<int()>;

Command add_generate(CLI::App& app);
Command add_train(CLI::App& app);
Command add_eval(CLI::App& app);
Command add_dump(CLI::App& app);

}  // namespace llama
