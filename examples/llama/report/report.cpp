// See report.h.
#include "examples/llama/report/report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "examples/llama/base/say.h"
#include "examples/llama/report/page.h"
#include "runtime/nn/file.h"

namespace llama {

namespace {

std::string shares_text(const StepMetrics& m) {
  if (!(m.flops_share > 0)) return {};
  return fmt::format("  {:.1f} % of peak flops, {:.1f} % of bandwidth", 100 * m.flops_share,
                     100 * m.bandwidth_share);
}

}  // namespace

Report::Report(std::filesystem::path folder, std::int64_t total_steps, std::int64_t done)
    : folder_(std::move(folder)), total_steps_(total_steps), terminal_(isatty(STDERR_FILENO) == 1) {
  run_.name = folder_.filename().string();
  if (done > 0) keep_earlier(done);
  log_ = std::fopen(log_path().c_str(), done > 0 ? "a" : "w");
  if (!log_) throw pg::nn::IoError(fmt::format("{}: cannot be written", log_path().string()));
}

// The last line may be torn, and steps after `done` are about to be made again.
void Report::keep_earlier(std::int64_t done) {
  if (!std::filesystem::exists(log_path())) return;
  run_ = read_metrics(folder_.string());
  const auto is_later = [done](const auto& entry) { return entry.step > done; };
  std::erase_if(run_.steps, is_later);
  std::erase_if(run_.evaluations, is_later);
  std::string kept;
  auto evaluation = run_.evaluations.begin();
  for (const StepMetrics& step : run_.steps) {
    kept += to_line(step) + "\n";
    for (; evaluation != run_.evaluations.end() && evaluation->step <= step.step; ++evaluation) {
      kept += to_line(*evaluation) + "\n";
    }
  }
  pg::nn::write_whole_file("report", log_path(), kept);
}

Report::~Report() {
  if (log_) std::fclose(log_);
}

void Report::log(const std::string& line) {
  const bool written = std::fputs((line + "\n").c_str(), log_) >= 0 && std::fflush(log_) == 0;
  if (written || warned_) return;
  warned_ = true;
  warn("{}: cannot be written, training goes on", log_path().string());
}

void Report::step(const StepMetrics& m) {
  run_.steps.push_back(m);
  log(to_line(m));
  const bool is_shown = m.step <= 1 || m.step == total_steps_ ||
                        m.step % std::max<std::int64_t>(total_steps_ / 100, 1) == 0;
  if (terminal_) {
    draw_bar(m);
  } else if (is_shown) {  // a log file wants a hundred lines, metrics.jsonl has them all
    say("step {}/{}  loss {:.4f}  lr {:.2e}  norm {:.3f}  {:.0f} tok/s  {:.1f} ms  {:.1f} MiB{}",
        m.step, total_steps_, m.loss, m.learning_rate, m.gradient_norm, m.tokens_per_second,
        m.milliseconds, static_cast<double>(m.memory_bytes) / (1 << 20), shares_text(m));
  }
}

void Report::draw_bar(const StepMetrics& m) {
  constexpr std::int64_t cells = 24;
  const auto filled =
      static_cast<std::size_t>(m.step * cells / std::max<std::int64_t>(total_steps_, 1));
  const double seconds_left = static_cast<double>(total_steps_ - m.step) * m.milliseconds / 1000;
  const std::string bar = fmt::format(
      "\r[{}{}] {}/{}  loss {:.4f}  lr {:.1e}  norm {:.2f}  {:.0f} tok/s  {:.0f} s left \033[K",
      std::string(filled, '#'), std::string(cells - filled, '.'), m.step, total_steps_, m.loss,
      m.learning_rate, m.gradient_norm, m.tokens_per_second, seconds_left);
  write_text(stderr, m.step == total_steps_ ? bar + "\n" : bar);
}

void Report::evaluation(const Evaluation& evaluation) {
  run_.evaluations.push_back(evaluation);
  log(to_line(evaluation));
  say("step {}  validation loss {:.4f}", evaluation.step, evaluation.loss);
}

void Report::finish() {
  try {
    pg::nn::write_whole_file("report", folder_ / "report.html", report_page({run_}));
  } catch (const pg::Error& error) {
    warn("{}", error.what());
  }
}

}  // namespace llama
