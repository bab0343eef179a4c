// See gpu_report.h.
#include "tools/tilebench/gpu_report.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "runtime/device/error.h"
#include "tools/tilebench/measure.h"

namespace bench::gpu {

double ratio_of(const Row& row) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < std::min(row.seconds.size(), row.peer_seconds.size()); ++i) {
    ratios.push_back(row.peer_seconds[i] / row.seconds[i]);
  }
  return ratios.empty() ? 0 : median(ratios);
}

Report::Report(const Options& options, std::string benchmark, std::vector<std::string> labels,
               std::string unit, double scale)
    : options_(options),
      benchmark_(std::move(benchmark)),
      labels_(std::move(labels)),
      unit_(std::move(unit)),
      scale_(scale) {
  fmt::print("{} on {}, {} rounds\n", benchmark_, pg::describe(options.device), options.rounds);
  for (const std::string& label : labels_) fmt::print("{:<24}", label);
  fmt::print("{:>12}{:>12}{:>12}{:>12}{:>8}\n", unit_, "us", "of ceiling", "peer", "ratio");
}

void Report::add(const Row& row) {
  const double seconds = median(row.seconds);
  const double rate = row.work / seconds / scale_;
  const double ratio = ratio_of(row);
  for (const std::string& label : labels_) fmt::print("{:<24}", row.labels.at(label));
  fmt::print("{:>12.1f}{:>12.1f}", rate, seconds * 1e6);
  fmt::print("{:>12}", row.ceiling > 0 ? fmt::format("{:.3f}", rate / row.ceiling) : "");
  if (ratio > 0) {
    fmt::print("{:>12.1f}{:>8.3f}", row.work / median(row.peer_seconds) / scale_, ratio);
  }
  fmt::print("{}\n", row.mistake.empty() ? "" : "  WRONG: " + row.mistake);
  std::fflush(stdout);
  has_mistakes_ = has_mistakes_ || !row.mistake.empty();
  Group& group = groups_[row.group];
  group.log_rates += std::log(rate);
  ++group.rates;
  if (ratio > 0) {
    group.log_ratios += std::log(ratio);
    ++group.ratios;
  }
  rows_.push_back(row);
}

double Report::mean_rate(const std::string& group) const {
  const auto found = groups_.find(group);
  if (found == groups_.end() || found->second.rates == 0) return 0;
  return std::exp(found->second.log_rates / found->second.rates);
}

double Report::mean_ratio(const std::string& group) const {
  const auto found = groups_.find(group);
  if (found == groups_.end() || found->second.ratios == 0) return 0;
  return std::exp(found->second.log_ratios / found->second.ratios);
}

void Report::finish() const {
  for (const auto& [name, group] : groups_) {
    if (group.rates < 2) continue;
    fmt::print("geometric mean, {}: {:.1f} {}", name, mean_rate(name), unit_);
    if (group.ratios > 0) fmt::print(", {:.3f} of the peer", mean_ratio(name));
    fmt::print("\n");
  }
  if (!options_.json.empty()) write(options_.json);
}

void Report::write(const std::string& path) const {
  nlohmann::json rows = nlohmann::json::array();
  for (const Row& row : rows_) {
    nlohmann::json line(row.labels);
    line["group"] = row.group;
    line["rate"] = row.work / median(row.seconds) / scale_;
    line["work"] = row.work;
    line["seconds"] = row.seconds;
    line["correct"] = row.mistake.empty();
    if (!row.mistake.empty()) line["mistake"] = row.mistake;
    for (const auto& [name, value] : row.facts) line[name] = value;
    if (row.ceiling > 0) line["ceiling"] = row.ceiling;
    if (!row.peer_seconds.empty()) {
      line["peer"] = row.peer;
      line["peer_seconds"] = row.peer_seconds;
      line["ratio"] = ratio_of(row);
    }
    rows.push_back(std::move(line));
  }
  nlohmann::json groups = nlohmann::json::object();
  for (const auto& [name, group] : groups_) {
    groups[name]["rate"] = mean_rate(name);
    if (group.ratios > 0) groups[name]["ratio"] = mean_ratio(name);
  }
  const nlohmann::json all = {
      {"benchmark", benchmark_},   {"unit", unit_}, {"device", pg::describe(options_.device)},
      {"rounds", options_.rounds}, {"rows", rows},  {"geometric_means", groups}};
  std::ofstream file(path);
  file << all.dump(1) << "\n";
  if (!file.flush()) throw pg::Error(fmt::format("tilebench: cannot write {}", path));
}

}  // namespace bench::gpu
