// The subcommands of `llama` about text and tokens, which need no model.
#pragma once

#include "examples/llama/commands.h"

namespace llama {

Command add_tokenize(CLI::App& app);
Command add_train_tokenizer(CLI::App& app);
Command add_prepare(CLI::App& app);

}  // namespace llama
