// tilebench: benchmarks of the compiler's code and of the framework against peers, medians in one
// run.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <thread>

#include "compiler/driver/jit_compiler.h"
#include "runtime/device/thread_pool.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/parse.h"
#include "tools/cli/run.h"
#include "tools/tilebench/benchmarks.h"
#include "tools/tilebench/gpu.h"

namespace {

int run(int argc, char** argv) {
  CLI::App app("Benchmarks against peers; medians of interleaved rounds.", "tilebench");
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 floors reached, 2 usage, 3 a floor was missed, 4 no such device, 5 error,\n"
      "6 out of memory, 7 input or output, 70 the device failed, or tilebench itself.");
  int threads = 1, rounds = 11;
  app.add_option("--threads", threads, "0: all cores")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024));
  app.add_option("--rounds", rounds)->capture_default_str()->check(CLI::Range(1, 1000));
  std::int64_t size = 2048;
  auto* matmul = app.add_subcommand("matmul", "matrix products against OpenBLAS (floor 0.9)");
  matmul->add_option("--size", size)->capture_default_str()->check(CLI::Range(1, 16384));
  auto* eager = app.add_subcommand("eager", "one small eager operation (floor 1 us)");
  bench::DecodeOptions decode_options;
  std::string bin = std::filesystem::path(argv[0]).parent_path().string();
  auto* decode =
      app.add_subcommand("decode", "one token at a time, against llama2.c's run (floor 1)");
  decode->add_option("model", decode_options.model, "llama2.c .bin file")->required();
  decode->add_option("tokenizer", decode_options.tokenizer, "tokenizer.bin")->required();
  decode->add_option("--peer", decode_options.peer, "path of llama2.c's run");
  std::string text;
  auto* compile = app.add_subcommand("compile", "a cold and a warm start of training (floor 4 s)");
  compile->add_option("text", text, "training text")->required();
  bench::MathOptions math_options;
  std::string device = "cuda";
  auto* math = app.add_subcommand("math", "functions of one float on all floats, CPU against GPU");
  math->add_option("--device", device, "cuda, cuda:N; cpu: hashes alone")->capture_default_str();
  math->add_option("--functions", math_options.functions, "exp,sin,...; all without it")
      ->delimiter(',');
  math->add_option("--from", math_options.from, "bits of the first float")->capture_default_str();
  math->add_option("--count", math_options.count, "how many")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 32));
  math->add_option("--json", math_options.json, "file for the hashes");
  for (CLI::App* command : app.get_subcommands({})) command->fallthrough();
  const auto run_gpu = bench::gpu::add_command(app);  // has its own --rounds
  if (const auto code = cli::parse(app, argc, argv)) return *code;
  if (threads == 0) threads = static_cast<int>(std::thread::hardware_concurrency());
  pg::set_thread_count(std::max(threads, 1));
  tile::install_jit_compiler();
  bool reached = true;
  if (*matmul) reached = bench::matmul(size, rounds);
  if (*eager) reached = bench::eager(rounds);
  decode_options.bin = bin;
  if (*decode) reached = bench::decode(decode_options, rounds);
  if (*math) {
    math_options.device = pg::parse_device(device);
    pg::check_device("--device", math_options.device);
    reached = bench::math(math_options);
  }
  if (*compile) reached = bench::compile_times(bin, text);
  if (app.got_subcommand("gpu")) reached = run_gpu();
  return reached ? cli::exit_ok : cli::exit_check_failed;
}

}  // namespace

int main(int argc, char** argv) {
  return cli::run("tilebench", [&] { return run(argc, argv); });
}
