// See report.h.
#include "examples/llama/report/report.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "examples/llama/base/files.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

constexpr double width = 860, height = 420, left = 60, right = 20, top = 30, bottom = 50;

// Maps data to the drawing's pixels.
struct Axes {
  double first_step, last_step, lowest, highest;

  double x(double step) const {
    double span = std::max(last_step - first_step, 1.0);
    return left + (step - first_step) / span * (width - left - right);
  }
  double y(double loss) const {
    double span = std::max(highest - lowest, 1e-6);
    return height - bottom - (loss - lowest) / span * (height - top - bottom);
  }
};

// A round step (1, 2 or 5 times a power of ten) that gives about `count` ticks.
double tick_step(double span, int count) {
  double raw = std::max(span, 1e-9) / count;
  double power = std::pow(10, std::floor(std::log10(raw)));
  for (double factor : {1.0, 2.0, 5.0}) {
    if (raw <= factor * power) return factor * power;
  }
  return 10 * power;
}

template <class Points>
std::string polyline(const Points& points, const Axes& axes, std::string_view style) {
  std::string path;
  for (const auto& point : points) {
    if (!std::isfinite(point.loss)) continue;
    path +=
        fmt::format("{:.1f},{:.1f} ", axes.x(static_cast<double>(point.step)), axes.y(point.loss));
  }
  return fmt::format("<polyline points=\"{}\" fill=\"none\" {}/>\n", path, style);
}

std::string grid(const Axes& axes) {
  std::string out;
  double step = tick_step(axes.highest - axes.lowest, 6);
  for (double v = std::ceil(axes.lowest / step) * step; v <= axes.highest + 1e-9; v += step) {
    out += fmt::format(
        "<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"#ddd\"/>"
        "<text x=\"{}\" y=\"{:.1f}\" text-anchor=\"end\">{:.4g}</text>\n",
        left, width - right, axes.y(v), axes.y(v), left - 8, axes.y(v) + 4, v);
  }
  step = std::max(1.0, tick_step(axes.last_step - axes.first_step, 8));
  for (double v = std::ceil(axes.first_step / step) * step; v <= axes.last_step; v += step) {
    out += fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"middle\">{:.0f}</text>\n",
                       axes.x(v), height - bottom + 20, v);
  }
  return out;
}

// Steps and evaluations share the vertical range; the first steps' high losses stay visible.
Axes fit(const std::vector<StepMetrics>& steps, const std::vector<Evaluation>& evaluations) {
  Axes axes{static_cast<double>(steps.front().step), static_cast<double>(steps.back().step),
            INFINITY, -INFINITY};
  auto include = [&](double loss) {
    if (!std::isfinite(loss)) return;
    axes.lowest = std::min(axes.lowest, loss);
    axes.highest = std::max(axes.highest, loss);
  };
  for (const StepMetrics& metrics : steps) include(metrics.loss);
  for (const Evaluation& evaluation : evaluations) include(evaluation.loss);
  if (axes.lowest > axes.highest) axes.lowest = 0, axes.highest = 1;
  return axes;
}

// Infinities and NaN are null in JSON.
double number_or_nan(const nlohmann::json& entry, const char* name) {
  const auto found = entry.find(name);
  return found != entry.end() && found->is_number() ? found->get<double>() : NAN;
}

}  // namespace

std::string loss_curve_html(const std::vector<StepMetrics>& steps,
                            const std::vector<Evaluation>& evaluations) {
  if (steps.empty()) return "<!doctype html><title>loss</title><p>no steps\n";
  Axes axes = fit(steps, evaluations);
  std::string body = grid(axes);
  body += polyline(steps, axes, "stroke=\"#4a7fb5\" stroke-width=\"1\"");
  body += polyline(evaluations, axes, "stroke=\"#c23b22\" stroke-width=\"2\"");
  for (const Evaluation& evaluation : evaluations) {
    if (!std::isfinite(evaluation.loss)) continue;
    body += fmt::format(
        "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3\" fill=\"#c23b22\"><title>step {}: {:.4f}"
        "</title></circle>\n",
        axes.x(static_cast<double>(evaluation.step)), axes.y(evaluation.loss), evaluation.step,
        evaluation.loss);
  }
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta "
      "charset=\"utf-8\"><title>loss</title></head>\n"
      "<body>\n<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" width=\"{}\" "
      "font-family=\"sans-serif\" font-size=\"12\">\n"
      "<text x=\"{}\" y=\"18\">loss, nats per token: <tspan fill=\"#4a7fb5\">training</tspan>, "
      "<tspan fill=\"#c23b22\">validation</tspan></text>\n{}"
      "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">step</text>\n</svg>\n</body></html>\n",
      width, height, width, left, body, (left + width - right) / 2, height - 8);
}

Report::Report(std::filesystem::path folder, std::int64_t total_steps, std::int64_t done)
    : folder_(std::move(folder)), total_steps_(total_steps), terminal_(isatty(STDERR_FILENO) == 1) {
  const std::filesystem::path path = folder_ / "metrics.jsonl";
  if (done > 0) keep_earlier(path, done);
  log_ = std::fopen(path.c_str(), done > 0 ? "a" : "w");
  if (!log_) throw pg::Error(fmt::format("{}: cannot be written", path.string()));
}

// The last line may be torn, and steps after `done` are about to be made again.
void Report::keep_earlier(const std::filesystem::path& path, std::int64_t done) {
  std::ifstream in(path);
  std::string kept;
  for (std::string line; std::getline(in, line);) {
    const nlohmann::json entry = nlohmann::json::parse(line, nullptr, false);
    if (!entry.is_object() || !entry.contains("step")) continue;
    const nlohmann::json& step = entry["step"];
    if (!step.is_number_integer() || step > done) continue;
    kept += line + "\n";
    if (entry.contains("val_loss")) {
      evaluations_.push_back({step, number_or_nan(entry, "val_loss")});
    } else if (entry.contains("loss")) {
      steps_.push_back({.step = step,
                        .loss = number_or_nan(entry, "loss"),
                        .learning_rate = number_or_nan(entry, "lr"),
                        .gradient_norm = number_or_nan(entry, "grad_norm"),
                        .tokens_per_second = number_or_nan(entry, "tok_s"),
                        .milliseconds = number_or_nan(entry, "ms")});
    }
  }
  write_file(path, kept);
}

Report::~Report() {
  if (log_) std::fclose(log_);
}

void Report::log(const std::string& line) {
  bool written = std::fputs((line + "\n").c_str(), log_) >= 0 && std::fflush(log_) == 0;
  if (written || warned_) return;
  warned_ = true;
  fmt::print(stderr, "warning: {}: cannot be written, training goes on\n",
             (folder_ / "metrics.jsonl").string());
}

void Report::step(const StepMetrics& m) {
  steps_.push_back(m);
  log(nlohmann::json{{"step", m.step},
                     {"loss", m.loss},
                     {"lr", m.learning_rate},
                     {"grad_norm", m.gradient_norm},
                     {"tok_s", m.tokens_per_second},
                     {"ms", m.milliseconds},
                     {"mem", m.memory_bytes}}
          .dump());
  bool is_shown = m.step <= 1 || m.step == total_steps_ ||
                  m.step % std::max<std::int64_t>(total_steps_ / 100, 1) == 0;
  if (terminal_) {
    draw_bar(m);
  } else if (is_shown) {  // a log file wants a hundred lines, metrics.jsonl has them all
    fmt::print(
        stderr,
        "step {}/{}  loss {:.4f}  lr {:.2e}  norm {:.3f}  {:.0f} tok/s  {:.1f} ms  {:.1f} MiB\n",
        m.step, total_steps_, m.loss, m.learning_rate, m.gradient_norm, m.tokens_per_second,
        m.milliseconds, static_cast<double>(m.memory_bytes) / (1 << 20));
  }
}

void Report::draw_bar(const StepMetrics& m) {
  constexpr std::int64_t cells = 24;
  auto filled = static_cast<std::size_t>(m.step * cells / std::max<std::int64_t>(total_steps_, 1));
  double seconds_left = static_cast<double>(total_steps_ - m.step) * m.milliseconds / 1000;
  fmt::print(
      stderr,
      "\r[{}{}] {}/{}  loss {:.4f}  lr {:.1e}  norm {:.2f}  {:.0f} tok/s  {:.0f} s left \033[K",
      std::string(filled, '#'), std::string(cells - filled, '.'), m.step, total_steps_, m.loss,
      m.learning_rate, m.gradient_norm, m.tokens_per_second, seconds_left);
  if (m.step == total_steps_) fmt::print(stderr, "\n");
}

void Report::evaluation(const Evaluation& evaluation) {
  evaluations_.push_back(evaluation);
  log(nlohmann::json{{"step", evaluation.step}, {"val_loss", evaluation.loss}}.dump());
  fmt::print(stderr, "{}step {}  validation loss {:.4f}{}\n", terminal_ ? "\r" : "",
             evaluation.step, evaluation.loss, terminal_ ? "\033[K" : "");
}

void Report::finish() { write_file(folder_ / "loss.html", loss_curve_html(steps_, evaluations_)); }

}  // namespace llama
