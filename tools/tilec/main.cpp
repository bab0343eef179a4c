// tilec: checks, shows, explains and runs kernels in the tile language.
#include <CLI/CLI.hpp>

#include "compiler/driver/trace.h"
#include "tools/cli/parse.h"
#include "tools/cli/run.h"
#include "tools/tilec/command.h"
#include "tools/tilec/version.h"

namespace {

int run(int argc, char** argv) {
  CLI::App app("The tile-language compiler.", "tilec");
  app.require_subcommand(1);
  app.set_version_flag("--version", tilec::version_text());
  app.footer(
      "Environment: TILEC_CACHE_DIR names the folder of compiled kernels (empty: none), "
      "NO_COLOR=1\n"
      "turns colors off. For run: PICOGRAD_PROFILE=1 prints time per kernel at the end,\n"
      "PICOGRAD_POISON=1 fills new memory with NaN, PICOGRAD_SYNC=1 waits for each kernel,\n"
      "PICOGRAD_KERNEL_TIMEOUT=SECONDS reports one that takes longer, PICOGRAD_LIBCUDA and\n"
      "PICOGRAD_NVRTC name other driver libraries.\n"
      "Exit codes: 0 done, 1 the source has errors, 2 usage, 3 a check failed,\n"
      "4 something is missing on this machine, 5 bad data, 6 out of memory, 7 input or output,\n"
      "70 the device failed, or tilec itself.");
  std::string trace;
  app.add_option("--time-trace", trace,
                 "before the command: write where time goes, for chrome://tracing or Perfetto");
  const std::vector<std::pair<const char*, tilec::Command>> commands = {
      {"build", tilec::add_build(app)},     {"check", tilec::add_check(app)},
      {"doctor", tilec::add_doctor(app)},   {"emit", tilec::add_emit(app)},
      {"explain", tilec::add_explain(app)}, {"run", tilec::add_run(app)},
  };
  if (const auto code = cli::parse(app, argc, argv)) return *code;
  if (!trace.empty()) tile::start_trace("tilec");
  for (const auto& [name, command] : commands) {
    if (!app.got_subcommand(name)) continue;
    const int code = command();
    if (trace.empty() || tile::write_trace(trace)) return code;
    throw tilec::UsageError(trace + ": cannot be written", tilec::exit_io);
  }
  return tilec::exit_usage;
}

}  // namespace

int main(int argc, char** argv) {
  return cli::run("tilec", [&] { return run(argc, argv); });
}
