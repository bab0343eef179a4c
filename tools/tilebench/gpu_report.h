// The table of a benchmark on a GPU, printed row by row, and the same with all samples as JSON.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/tilebench/gpu.h"

namespace bench::gpu {

/// One line: what was measured, how long each round took, here and at the peer.
struct Row {
  std::map<std::string, std::string> labels;
  std::string group;  // rows of one group have one geometric mean
  double work = 0;    // of a call, in units / second
  std::vector<double> seconds;
  std::string peer;
  std::vector<double> peer_seconds;     // of the same rounds; empty: no peer
  double ceiling = 0;                   // in units / second; 0: none
  std::map<std::string, double> facts;  // for the JSON file
  std::string mistake;                  // what is wrong with the results
};

class Report {
 public:
  /// `labels` are the table's first columns, `unit` is what work / seconds counts: 1e12, "TFLOP/s".
  Report(const Options& options, std::string benchmark, std::vector<std::string> labels,
         std::string unit, double scale);

  void add(const Row& row);
  /// Of a group's values in units, and of its ratios to the peer; 0 without any.
  double mean_rate(const std::string& group) const;
  double mean_ratio(const std::string& group) const;
  bool has_mistakes() const { return has_mistakes_; }
  /// Prints the geometric means and writes the JSON file.
  void finish() const;

 private:
  struct Group {
    double log_rates = 0, log_ratios = 0;
    int rates = 0, ratios = 0;
  };
  void write(const std::string& path) const;

  const Options& options_;
  std::string benchmark_;
  std::vector<std::string> labels_;
  std::string unit_;
  double scale_;
  std::vector<Row> rows_;
  std::map<std::string, Group> groups_;
  bool has_mistakes_ = false;
};

/// Median over rounds of peer / ours; 0 without a peer.
double ratio_of(const Row& row);

}  // namespace bench::gpu
