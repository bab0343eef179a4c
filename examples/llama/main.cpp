// llama: generate with, train, evaluate, dump, convert and look at llama models.
#include <CLI/CLI.hpp>

#include "compiler/driver/jit_compiler.h"
#include "examples/llama/base/say.h"
#include "examples/llama/commands.h"
#include "examples/llama/text_commands.h"
#include "examples/llama/train/command.h"
#include "runtime/device/device.h"
#include "runtime/device/error.h"
#include "runtime/device/kernel.h"
#include "runtime/device/thread_pool.h"
#include "tools/cli/parse.h"
#include "tools/cli/run.h"

namespace {

constexpr const char* footer =
    "Environment: TILEC_CACHE_DIR names the folder of compiled kernels (empty: none),\n"
    "PICOGRAD_PROFILE=1 prints time per kernel at the end, PICOGRAD_POISON=1 fills new memory\n"
    "with NaN.\n"
    "On a GPU PICOGRAD_SYNC=1 waits for each kernel, so that one that fails is named, and\n"
    "PICOGRAD_KERNEL_TIMEOUT is --kernel-timeout; PICOGRAD_LIBCUDA and PICOGRAD_NVRTC name the\n"
    "libraries to load.\n"
    "Exit codes: 0 done, 2 usage, 3 a replay differs or a loss is not finite, 4 no such device,\n"
    "5 bad file or arguments, 6 out of memory, 7 a file or stdout cannot be written, 70 the "
    "device\n"
    "or this program failed, 130 and 143 stopped by SIGINT and SIGTERM.";

int run(int argc, char** argv) {
  CLI::App app("Runs and trains llama models with kernels in the tile language.", "llama");
  app.require_subcommand(1);
  app.footer(footer);
  int threads = 0;
  app.add_option("--threads", threads, "threads; 0: all cores")->check(CLI::Range(0, 1024));
  std::string target = "host";
  app.add_option("--target", target, "instruction set of the kernels; results are the same on all")
      ->capture_default_str()
      ->check(CLI::IsMember({"host", "x86-64-v3", "x86-64-v4", "zen5"}));

  std::string device = "cpu";
  app.add_option("--device", device, "cpu, cuda or cuda:N; fp32 results are the same on all")
      ->capture_default_str()
      ->check(CLI::Validator(
          [](const std::string& text) {
            try {
              pg::parse_device(text);
            } catch (const pg::Error& error) {
              return std::string(error.what());
            }
            return std::string();
          },
          ""));
  double kernel_timeout = 0;
  app.add_option("--kernel-timeout", kernel_timeout,
                 "seconds that a kernel on a GPU may take before it is reported; 0: any")
      ->check(CLI::Range(0.0, 1e9));
  auto options = std::make_shared<llama::RunOptions>();
  app.add_option("--precision", options->precision, "fp32 or tf32, of matrix products")
      ->default_str("fp32")
      ->transform(cli::one_of<pg::Precision>(
          {{"fp32", pg::Precision::Fp32}, {"tf32", pg::Precision::Tf32}}));

  std::vector<std::pair<std::string, llama::Command>> commands = {
      {"generate", llama::add_generate(app, options)},
      {"train", llama::add_train(app, options)},
      {"replay", llama::add_replay(app, options)},
      {"eval", llama::add_eval(app, options)},
      {"dump", llama::add_dump(app, options)},
      {"tokenize", llama::add_tokenize(app)},
      {"train-tokenizer", llama::add_train_tokenizer(app)},
      {"prepare", llama::add_prepare(app)},
      {"info", llama::add_info(app)},
      {"convert", llama::add_convert(app)},
      {"report", llama::add_report(app)},
  };
  for (CLI::App* command : app.get_subcommands({})) command->fallthrough();  // --threads anywhere
  if (const auto code = cli::parse(app, argc, argv)) return *code;
  if (threads > 0) pg::set_thread_count(threads);
  pg::set_target(target);
  if (app.count("--kernel-timeout") > 0) pg::set_kernel_timeout(kernel_timeout);
  tile::install_jit_compiler();
  for (const auto& [name, command] : commands) {
    if (!app.got_subcommand(name)) continue;
    options->device = pg::parse_device(device);
    pg::check_device("--device", options->device);
    llama::say("{}; {}", pg::describe(options->device), pg::name_of(options->precision));
    return command();
  }
  return llama::exit_usage;
}

}  // namespace

int main(int argc, char** argv) {
  return cli::run("llama", [&] { return run(argc, argv); });
}
