// Timing that can be trusted: rounds in which every contender runs once, in turn, so that drifts of
// the clock hit all alike; figures are medians over rounds, ratios are medians of per-round ratios.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace bench {

struct Contender {
  std::string name;
  std::function<void()> run;
};

struct Timing {
  std::string name;
  double seconds = 0;  // median of one run
  double ratio = 0;  // median over rounds of (first contender's time / this one's); 1 for the first
};

/// Runs each contender once to warm up, then `rounds` rounds; a run repeats its function until it
/// has taken at least `least_seconds`, and counts per call.
std::vector<Timing> compare(const std::vector<Contender>& contenders, int rounds,
                            double least_seconds = 0.02);

double median(std::vector<double> values);

}  // namespace bench
