// What a training run shows: metrics.jsonl (one object a line, flushed), the step line and progress
// bar on stderr, and at the end report.html.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>

#include "examples/llama/report/metrics.h"

namespace llama {

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
  /// Writes report.html; a failure is a warning.
  void finish();

 private:
  std::filesystem::path log_path() const { return folder_ / "metrics.jsonl"; }
  void keep_earlier(std::int64_t done);
  void log(const std::string& line);
  void draw_bar(const StepMetrics& metrics);

  std::filesystem::path folder_;
  std::int64_t total_steps_;
  bool terminal_;
  bool warned_ = false;
  std::FILE* log_ = nullptr;
  RunMetrics run_;
};

}  // namespace llama
