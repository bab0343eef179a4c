// The subcommand `gpu` (gpu.h).
#include <map>

#include "runtime/device/thread_pool.h"
#include "tools/cli/parse.h"
#include "tools/tilebench/gpu.h"

namespace bench::gpu {

namespace {

struct Arguments {
  Options options;
  std::string device = "cuda";
  LlamaOptions llama;
  std::vector<pg::Precision> precisions{pg::Precision::Tf32, pg::Precision::Fp32};
  // The shapes of a llama's layers, forward and backward.
  std::string shapes =
      "4096x4096x4096,8192x5632x2048,8192x2048x2048,8192x2048x5632,8192x768x768,8192x2048x768,"
      "8192x32000x768";
};

}  // namespace

std::function<bool()> add_command(CLI::App& app) {
  auto arguments = std::make_shared<Arguments>();
  Arguments& a = *arguments;
  auto* gpu = app.add_subcommand("gpu", "kernels on a GPU, beside a peer process");
  gpu->require_subcommand(1);
  gpu->add_option("--device", a.device, "cuda or cuda:N")->capture_default_str();
  gpu->add_option("--rounds", a.options.rounds, "of each measurement; medians")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  gpu->add_option("--json", a.options.json, "file for every sample");
  gpu->add_option("--peer", a.options.peer,
                  "command of the peer: \"python3 tools/gpu_peer.py PEERS\"");
  auto* matmul = gpu->add_subcommand("matmul", "matrix products (floors: 0.9 and 0.8 of cuBLAS)");
  const CLI::Validator by_name =
      cli::one_of<pg::Precision>({{"fp32", pg::Precision::Fp32}, {"tf32", pg::Precision::Tf32}});
  matmul->add_option("--precision", a.precisions, "tf32, fp32; both without it")
      ->transform(by_name);
  matmul->add_option("--shapes", a.shapes, "MxNxK,...")->capture_default_str();
  auto* attention = gpu->add_subcommand("attention", "causal attention, forward and backward");
  auto* bandwidth = gpu->add_subcommand(
      "bandwidth", "kernels bound by memory (floor: 0.85 of a copy, over the shapes)");
  auto* llama = gpu->add_subcommand("llama", "a training step (floors: 115000 tokens/s, 10.1 GiB)");
  llama->add_option("--model", a.llama.model, "preset")->capture_default_str();
  llama->add_option("--batch", a.llama.batch, "sequences")->capture_default_str();
  llama->add_option("--seq", a.llama.seq, "tokens a sequence")->capture_default_str();
  llama->add_option("--steps", a.llama.steps, "of a round")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
  llama->add_option("--precision", a.llama.precision, "tf32 or fp32")
      ->default_str("tf32")
      ->transform(by_name);
  gpu->add_subcommand("launch", "host time of a launch (floor: 5 us)");
  for (CLI::App* command : gpu->get_subcommands({})) command->fallthrough();
  return [arguments, matmul, attention, bandwidth, llama] {
    Options& options = arguments->options;
    options.device = pg::parse_device(arguments->device);
    pg::check_device("--device", options.device);
    if (*matmul) {
      return gpu::matmul(options, arguments->precisions, parse_shapes(arguments->shapes));
    }
    if (*attention) return gpu::attention(options);
    if (*bandwidth) return gpu::bandwidth(options);
    if (*llama) return llama_step(options, arguments->llama);
    return gpu::launch(options);
  };
}

}  // namespace bench::gpu
