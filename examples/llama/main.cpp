// llama: generate with, train, evaluate, dump, convert and look at llama models.
#include <CLI/CLI.hpp>

#include "compiler/driver/jit_compiler.h"
#include "examples/llama/base/say.h"
#include "examples/llama/commands.h"
#include "examples/llama/text_commands.h"
#include "examples/llama/train/command.h"
#include "examples/llama/train/run.h"
#include "runtime/device/device.h"
#include "runtime/device/error.h"
#include "runtime/device/kernel.h"
#include "runtime/device/profile.h"
#include "runtime/device/thread_pool.h"
#include "runtime/nn/file.h"
#include "tools/cli/parse.h"
#include "tools/cli/run.h"

namespace {

constexpr const char* footer =
    "Environment: TILEC_CACHE_DIR names the folder of compiled kernels (empty: none),\n"
    "PICOGRAD_PROFILE=1 prints time per kernel at the end, PICOGRAD_POISON=1 fills new memory\n"
    "with NaN.\n"
    "NVTX_INJECTION64_PATH, which Nsight Systems sets, names a tool that hears of steps and "
    "kernels.\n"
    "On a GPU PICOGRAD_SYNC=1 waits for each kernel, so that one that fails is named, and\n"
    "PICOGRAD_KERNEL_TIMEOUT is --kernel-timeout; PICOGRAD_LIBCUDA and PICOGRAD_NVRTC name the\n"
    "libraries to load.\n"
    "Exit codes: 0 done, 2 usage, 3 a replay differs or a loss is not finite, 4 no such device,\n"
    "5 bad file or arguments, 6 out of memory, 7 a file or stdout cannot be written,\n"
    "70 the device or this program failed, 130 and 143 stopped by SIGINT and SIGTERM.";
constexpr const char* more_options =
    "llama --help lists the options of all commands (--device, --threads, --precision, ...), the\n"
    "environment and the exit codes.";

/// Options of all commands.
struct Machine {
  int threads = 0;
  std::string target = "host", device = "cpu";
  double kernel_timeout = -1;  // not given
  std::string profile;         // where the trace goes; empty: nowhere
};

std::string device_error(const std::string& text) {
  try {
    pg::parse_device(text);
  } catch (const pg::Error& error) {
    return error.what();
  }
  return {};
}

void add_options(CLI::App& app, Machine& machine, llama::RunOptions& options) {
  app.add_option("--threads", machine.threads, "threads; 0: all cores")->check(CLI::Range(0, 1024));
  app.add_option("--target", machine.target,
                 "instruction set of the kernels; results are the same on all")
      ->capture_default_str()
      ->check(CLI::IsMember({"host", "x86-64-v3", "x86-64-v4", "zen5"}));
  app.add_option("--device", machine.device,
                 "cpu, cuda or cuda:N; fp32 results are the same on all")
      ->capture_default_str()
      ->check(CLI::Validator(device_error, ""));
  app.add_option("--kernel-timeout", machine.kernel_timeout,
                 "seconds that a kernel on a GPU may take before it is reported; 0: any")
      ->check(cli::number_in(0, 1e9));
  app.add_option(
      "--profile", machine.profile,
      "write a trace of all kernels, their bytes, flops and shares of what the device can\n"
      "do, to be opened in Perfetto (ui.perfetto.dev) or chrome://tracing");
  app.add_option("--precision", options.precision, "fp32 or tf32, of matrix products")
      ->default_str("fp32")
      ->transform(cli::one_of<pg::Precision>(
          {{"fp32", pg::Precision::Fp32}, {"tf32", pg::Precision::Tf32}}));
}

/// Also when the command fails: what ran until then may say why.
int traced(const llama::Command& command, const std::string& path) {
  // Rather now than at the end is said that it cannot be written.
  pg::nn::write_whole_file("profile", path, "");
  pg::start_trace();
  try {
    const int code = command();
    pg::nn::write_whole_file("profile", path, pg::take_trace());
    return code;
  } catch (const pg::DeviceFault&) {
    throw;  // nothing more can be asked of the device
  } catch (...) {
    pg::nn::write_whole_file("profile", path, pg::take_trace());
    throw;
  }
}

void choose_device(const Machine& machine, llama::RunOptions& options) {
  options.device = pg::parse_device(machine.device);
  pg::check_device("--device", options.device);
  llama::say("{}; {}", pg::describe(options.device), pg::name_of(options.precision));
}

int run(int argc, char** argv) {
  CLI::App app("Runs and trains llama models with kernels in the tile language.", "llama");
  app.require_subcommand(1);
  app.set_version_flag("--version", llama::this_code());
  Machine machine;
  auto options = std::make_shared<llama::RunOptions>();
  add_options(app, machine, *options);
  struct Entry {
    const char* name;
    llama::Command command;
    bool uses_device = false;
  };
  const std::vector<Entry> commands = {
      {"generate", llama::add_generate(app, options), true},
      {"train", llama::add_train(app, options), true},
      {"replay", llama::add_replay(app, options), true},
      {"eval", llama::add_eval(app, options), true},
      {"dump", llama::add_dump(app, options), true},
      {"tokenize", llama::add_tokenize(app)},
      {"train-tokenizer", llama::add_train_tokenizer(app)},
      {"prepare", llama::add_prepare(app)},
      {"info", llama::add_info(app)},
      {"convert", llama::add_convert(app)},
      {"report", llama::add_report(app)},
  };
  for (CLI::App* command : app.get_subcommands({})) {
    command->fallthrough();  // --threads anywhere
    const std::string own = command->get_footer();
    command->footer(own.empty() ? more_options : own + "\n" + more_options);
  }
  app.footer(footer);  // from here on: subcommands inherit what is there when they are made
  if (const auto code = cli::parse(app, argc, argv)) return *code;
  if (machine.threads > 0) pg::set_thread_count(machine.threads);
  pg::set_target(machine.target);
  if (machine.kernel_timeout >= 0) pg::set_kernel_timeout(machine.kernel_timeout);
  tile::install_jit_compiler();
  for (const auto& [name, command, uses_device] : commands) {
    if (!app.got_subcommand(name)) continue;
    if (uses_device) choose_device(machine, *options);
    return machine.profile.empty() ? command() : traced(command, machine.profile);
  }
  return llama::exit_usage;
}

}  // namespace

int main(int argc, char** argv) {
  return cli::run("llama", [&] { return run(argc, argv); });
}
