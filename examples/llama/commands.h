// The subcommands of `llama`: each adds its options to the program and returns what to run.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "examples/llama/base/exit_code.h"
#include "examples/llama/run_options.h"

namespace llama {

using Command = std::function<int()>;

/// What they run on is known when they run.
using SharedRunOptions = std::shared_ptr<const RunOptions>;

Command add_generate(CLI::App& app, SharedRunOptions run);
Command add_eval(CLI::App& app, SharedRunOptions run);
Command add_dump(CLI::App& app, SharedRunOptions run);
// file_commands.cpp
Command add_info(CLI::App& app);
Command add_convert(CLI::App& app);
Command add_report(CLI::App& app);

}  // namespace llama
