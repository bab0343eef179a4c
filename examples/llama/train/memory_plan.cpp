// See memory_plan.h.
#include "examples/llama/train/memory_plan.h"

#include <fmt/format.h>

#include <fstream>
#include <limits>

#include "examples/llama/base/units.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

TrainingMemory need_with(const Config& config, const TrainOptions& options,
                         std::int64_t accumulate) {
  return training_memory(config, options.batch / accumulate, options.seq, accumulate > 1,
                         options.run.device);
}

/// "--accumulate 4 would do", or that nothing of the kind does.
std::string advice(const Config& config, const TrainOptions& options, std::int64_t available) {
  for (std::int64_t parts = options.accumulate + 1; parts <= options.batch; ++parts) {
    if (options.batch % parts != 0) continue;
    const std::int64_t peak = need_with(config, options, parts).device_peak;
    if (peak <= available) return fmt::format("--accumulate {} needs {}", parts, bytes_text(peak));
  }
  const TrainingMemory least = need_with(config, options, options.batch);
  return fmt::format(
      "even one sequence at a time needs {}, {} of it for weights, gradients and "
      "moments; a smaller model or a shorter --seq helps",
      bytes_text(least.device_peak), bytes_text(least.weights + least.gradients + least.moments));
}

}  // namespace

std::int64_t available_bytes(pg::Device device) {
  if (device.is_cuda()) return static_cast<std::int64_t>(pg::device_memory(device).free_bytes);
  std::ifstream in("/proc/meminfo");
  std::string key, unit;
  for (std::int64_t kibibytes = 0; in >> key >> kibibytes; std::getline(in, unit)) {
    if (key == "MemAvailable:") return kibibytes * 1024;
  }
  return std::numeric_limits<std::int64_t>::max();  // unknown: the run will show
}

std::string memory_table(const Config& config, const TrainOptions& options) {
  const TrainingMemory need = need_with(config, options, options.accumulate);
  std::string table =
      fmt::format("memory of a step of {} x {} tokens on {}:\n", options.batch / options.accumulate,
                  options.seq, pg::to_string(options.run.device));
  const auto row = [&](std::string_view what, std::int64_t bytes) {
    table += fmt::format("  {:<18} {:>12}\n", what, bytes_text(bytes));
  };
  row("weights", need.weights);
  row("gradients", need.gradients);
  row("moments", need.moments);
  row("activations", need.activations);
  row("logits", need.logits);
  row("checkpoint copy", need.checkpoint_copy);
  row("peak", need.device_peak);
  return table;
}

void check_fits(const Config& config, const TrainOptions& options, std::int64_t available) {
  const std::int64_t peak = need_with(config, options, options.accumulate).device_peak;
  if (peak <= available) return;
  throw pg::OutOfMemory(fmt::format("train: a step needs {}, {} has {} left: {}", bytes_text(peak),
                                    pg::to_string(options.run.device), bytes_text(available),
                                    advice(config, options, available)));
}

}  // namespace llama
