// See measure.h.
#include "tools/tilebench/measure.h"

#include <algorithm>
#include <chrono>

namespace bench {

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

double time_calls(const std::function<void()>& run, int calls) {
  auto start = Clock::now();
  for (int i = 0; i < calls; ++i) run();
  return seconds_since(start) / calls;
}

// How many calls fill `least_seconds`, from a warm run.
int calls_needed(const std::function<void()>& run, double least_seconds) {
  run();
  int calls = 1;
  while (true) {
    double total = time_calls(run, calls) * calls;
    if (total >= least_seconds || calls > (1 << 24)) return calls;
    calls = total <= least_seconds / 16 ? calls * 8 : calls * 2;
  }
}

}  // namespace

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  std::size_t middle = values.size() / 2;
  return values.size() % 2 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

std::vector<Timing> compare(const std::vector<Contender>& contenders, int rounds,
                            double least_seconds) {
  std::vector<int> calls;
  for (const Contender& contender : contenders) {
    calls.push_back(calls_needed(contender.run, least_seconds));
  }
  std::vector<std::vector<double>> times(contenders.size()), ratios(contenders.size());
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      times[i].push_back(time_calls(contenders[i].run, calls[i]));
      ratios[i].push_back(times[0].back() / times[i].back());
    }
  }
  std::vector<Timing> timings;
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    timings.push_back({contenders[i].name, median(times[i]), median(ratios[i])});
  }
  return timings;
}

}  // namespace bench
