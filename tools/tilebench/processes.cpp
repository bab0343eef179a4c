// Benchmarks of whole processes (benchmarks.h): decoding beside llama2.c's run, compile times of a
// training run with an empty and a full cache.
#include <fmt/format.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "runtime/device/error.h"
#include "tools/tilebench/benchmarks.h"
#include "tools/tilebench/measure.h"

namespace bench {

namespace {

struct Outcome {
  std::string output;  // stdout and stderr
  double seconds = 0;
};

Outcome run_command(const std::string& command) {
  auto start = std::chrono::steady_clock::now();
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (!pipe) throw pg::Error(fmt::format("tilebench: cannot run {}", command));
  Outcome outcome;
  char buffer[4096];
  while (std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe)) {
    outcome.output.append(buffer, count);
  }
  int status = pclose(pipe);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw pg::Error(fmt::format("tilebench: {} failed:\n{}", command, outcome.output));
  }
  outcome.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return outcome;
}

// The number before or after `mark` in a program's report.
double number_near(const std::string& text, std::string_view before, std::string_view after) {
  std::size_t at = text.rfind(before.empty() ? after : before);
  if (at == std::string::npos) throw pg::Error("tilebench: no rate in the output:\n" + text);
  if (!before.empty()) return std::strtod(text.c_str() + at + before.size(), nullptr);
  std::size_t start = text.rfind(' ', at - 2);
  return std::strtod(text.c_str() + start, nullptr);
}

}  // namespace

bool decode(const DecodeOptions& options, int rounds) {
  std::string ours = fmt::format(
      "{}/llama generate {} --tokenizer {} --temperature 0 --steps 256 "
      "--threads 1",
      options.bin, options.model, options.tokenizer);
  std::string peer = options.peer.empty() ? ""
                                          : fmt::format("{} {} -z {} -t 0 -n 256", options.peer,
                                                        options.model, options.tokenizer);
  run_command(ours);  // fills the cache of compiled kernels
  std::vector<double> our_rates, peer_rates, ratios;
  for (int round = 0; round < rounds; ++round) {
    our_rates.push_back(number_near(run_command(ours).output, "", " tokens/s"));
    if (peer.empty()) continue;
    peer_rates.push_back(number_near(run_command(peer).output, "achieved tok/s: ", ""));
    ratios.push_back(our_rates.back() / peer_rates.back());
  }
  fmt::print("decode: {:.0f} tokens/s\n", median(our_rates));
  if (peer.empty()) return true;
  fmt::print("peer:   {:.0f} tokens/s\nratio:  {:.3f}\n", median(peer_rates), median(ratios));
  return median(ratios) >= 1.0;
}

bool compile_times(const std::string& bin, const std::string& text) {
  std::string folder = (std::filesystem::temp_directory_path() / "tilebench-XXXXXX").string();
  if (!::mkdtemp(folder.data())) throw pg::Error(folder + ": cannot be made");
  std::string train = fmt::format(
      "TILEC_CACHE_DIR={0}/cache {1}/llama train --out {0}/run --data {2} "
      "--steps 2 --warmup 0 --seq 32 --batch 4",
      folder, bin, text);
  double cold = run_command(train).seconds;
  std::vector<double> warm;
  for (int i = 0; i < 5; ++i) warm.push_back(run_command(train).seconds);
  fmt::print("llama train, two steps and a validation: cold {:.2f} s, warm {:.2f} s\n", cold,
             median(warm));
  std::filesystem::remove_all(folder);
  return cold - median(warm) < 4.0;
}

}  // namespace bench
