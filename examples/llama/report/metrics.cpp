// See metrics.h.
#include "examples/llama/report/metrics.h"

#include <filesystem>
#include <limits>

#include "examples/llama/base/files.h"
#include "examples/llama/base/json.h"

namespace llama {

namespace {

using nlohmann::json;

constexpr std::size_t largest_log = std::size_t{1} << 30;

double number(const json& object, const char* key) {
  const auto found = object.find(key);
  const bool is_number = found != object.end() && found->is_number();
  return is_number ? found->get<double>() : std::numeric_limits<double>::quiet_NaN();
}

/// 0 unless the key holds a count.
std::int64_t count(const json& object, const char* key) {
  constexpr std::uint64_t largest = std::uint64_t{1} << 62;
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned()) return 0;
  const auto value = found->get<std::uint64_t>();
  return value <= largest ? static_cast<std::int64_t>(value) : 0;
}

/// Whether the line was one of ours.
bool add_line(std::string_view line, RunMetrics& run) {
  if (!line.starts_with('{') || !line.ends_with('}')) return false;  // torn
  const auto parsed = try_parse_json_object(line);
  if (!parsed) return false;
  const json& entry = *parsed;
  const std::int64_t step = count(entry, "step");
  if (step == 0) return false;
  if (entry.contains("val_loss")) {
    run.evaluations.push_back({step, number(entry, "val_loss")});
  } else if (entry.contains("loss")) {
    run.steps.push_back({.step = step,
                         .loss = number(entry, "loss"),
                         .learning_rate = number(entry, "lr"),
                         .gradient_norm = number(entry, "grad_norm"),
                         .tokens_per_second = number(entry, "tok_s"),
                         .milliseconds = number(entry, "ms"),
                         .memory_bytes = count(entry, "mem"),
                         .flops_share = number(entry, "mfu"),
                         .bandwidth_share = number(entry, "mbu")});
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::string to_line(const StepMetrics& m) {
  return json{{"step", m.step},
              {"loss", m.loss},
              {"lr", m.learning_rate},
              {"grad_norm", m.gradient_norm},
              {"tok_s", m.tokens_per_second},
              {"ms", m.milliseconds},
              {"mem", m.memory_bytes},
              {"mfu", m.flops_share},
              {"mbu", m.bandwidth_share}}
      .dump();
}

std::string to_line(const Evaluation& evaluation) {
  return json{{"step", evaluation.step}, {"val_loss", evaluation.loss}}.dump();
}

RunMetrics parse_metrics(std::string_view text, std::string name) {
  RunMetrics run{.name = std::move(name)};
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (!line.empty() && !add_line(line, run)) run.skipped_lines += 1;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return run;
}

RunMetrics read_metrics(const std::string& path) {
  namespace fs = std::filesystem;
  const fs::path file = fs::is_directory(path) ? fs::path(path) / "metrics.jsonl" : fs::path(path);
  const fs::path folder = fs::absolute(file).lexically_normal().parent_path();
  return parse_metrics(read_file(file, largest_log), folder.filename().string());
}

}  // namespace llama
