// What a training run logs: metrics.jsonl, one object a line. The last line may be torn by a crash;
// whatever is not a whole line of ours is skipped, for a log is no reason to stop anything.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llama {

struct StepMetrics {
  std::int64_t step = 0;  // 1-based
  double loss = 0;        // nats per token, before the update
  double learning_rate = 0;
  double gradient_norm = 0;  // before clipping
  double tokens_per_second = 0;
  double milliseconds = 0;
  std::int64_t memory_bytes = 0;  // live tensors at their peak
  double flops_share = 0;         // of what the device can do at most; 0: unknown
  double bandwidth_share = 0;
};

struct Evaluation {
  std::int64_t step = 0;
  double loss = 0;
};

/// A line of the log, without its end. A number that is not finite becomes null.
std::string to_line(const StepMetrics& metrics);
std::string to_line(const Evaluation& evaluation);

struct RunMetrics {
  std::string name = {};
  std::vector<StepMetrics> steps = {};
  std::vector<Evaluation> evaluations = {};
  std::int64_t skipped_lines = 0;
};
RunMetrics parse_metrics(std::string_view text, std::string name);
/// Of a run's folder or its metrics.jsonl; the name is the folder's. Error when it cannot be read.
RunMetrics read_metrics(const std::string& path);

}  // namespace llama
