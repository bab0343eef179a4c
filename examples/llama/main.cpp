// llama: generate with, train, evaluate and dump llama models.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <new>

#include "compiler/driver/jit_compiler.h"
#include "examples/llama/commands.h"
#include "runtime/device/error.h"
#include "runtime/device/kernel.h"
#include "runtime/device/thread_pool.h"

namespace {

int run(const llama::Command& command) {
  try {
    return command();
  } catch (const pg::Error& error) {
    std::fprintf(stderr, "llama: %s\n", error.what());
    return llama::exit_bad_data;
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "llama: out of memory\n");
    return llama::exit_no_memory;
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs and trains llama models with kernels in the tile language.", "llama");
  app.require_subcommand(1);
  app.footer(
      "Environment: TILEC_CACHE_DIR names the folder of compiled kernels (empty: none),\n"
      "PICOGRAD_PROFILE=1 prints time per kernel at the end, PICOGRAD_POISON=1 fills new memory\n"
      "with NaN.\n"
      "Exit codes: 0 done, 2 usage, 5 bad file or arguments, 6 out of memory.");
  int threads = 0;
  app.add_option("--threads", threads, "threads; 0: all cores")->check(CLI::Range(0, 1024));
  std::string target = "host";
  app.add_option("--target", target, "instruction set of the kernels; results are the same on all")
      ->capture_default_str()
      ->check(CLI::IsMember({"host", "x86-64-v3", "x86-64-v4", "zen5"}));

  std::vector<std::pair<std::string, llama::Command>> commands = {
      {"generate", llama::add_generate(app)},
      {"train", llama::add_train(app)},
      {"eval", llama::add_eval(app)},
      {"dump", llama::add_dump(app)},
  };
  for (CLI::App* command : app.get_subcommands({})) command->fallthrough();  // --threads anywhere
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? llama::exit_ok : llama::exit_usage;
  }
  if (threads > 0) pg::set_thread_count(threads);
  pg::set_target(target);
  tile::install_jit_compiler();
  for (const auto& [name, command] : commands) {
    if (app.got_subcommand(name)) return run(command);
  }
  return llama::exit_usage;
}
