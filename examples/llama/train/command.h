// The subcommands of `llama` that train.
#pragma once

#include "examples/llama/commands.h"

namespace llama {

Command add_train(CLI::App& app, SharedRunOptions run);
Command add_replay(CLI::App& app, SharedRunOptions run);

}  // namespace llama
