// What a training run shows: metrics.jsonl (one object a line, flushed), the step line and progress
// bar on stderr, and a loss curve as one self-contained HTML file.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
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
};

struct Evaluation {
  std::int64_t step = 0;
  double loss = 0;
};

class Report {
 public:
  /// Starts metrics.jsonl in `folder`, which has every step; stderr gets a progress bar on a
  /// terminal, else about a hundred lines. A logging failure later never stops training (one
  /// warning). A run that goes on after `done` steps keeps what was logged of them.
  Report(std::filesystem::path folder, std::int64_t total_steps, std::int64_t done = 0);
  ~Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  void step(const StepMetrics& metrics);
  void evaluation(const Evaluation& evaluation);
  /// Writes loss.html.
  void finish();

 private:
  void keep_earlier(const std::filesystem::path& path, std::int64_t done);
  void log(const std::string& line);
  void draw_bar(const StepMetrics& metrics);

  std::filesystem::path folder_;
  std::int64_t total_steps_;
  bool terminal_;
  bool warned_ = false;
  std::FILE* log_ = nullptr;
  std::vector<StepMetrics> steps_;
  std::vector<Evaluation> evaluations_;
};

/// The curve alone, for tests and other tools.
std::string loss_curve_html(const std::vector<StepMetrics>& steps,
                            const std::vector<Evaluation>& evaluations);

}  // namespace llama
