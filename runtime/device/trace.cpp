// See trace.h.
#include "runtime/device/trace.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

namespace pg::detail {

namespace {

using nlohmann::ordered_json;

constexpr int process = 1;
constexpr int host_row = 0;

int row_of(Device device) { return device.is_cuda() ? 2 + device.index : 1; }

/// Times are in microseconds there.
double microseconds(std::int64_t ns) { return 1e-3 * static_cast<double>(ns); }

/// Digits that a reader can use.
double rounded(double value) { return std::round(value * 1e3) / 1e3; }

ordered_json row_name(int row, const std::string& name) {
  return {{"ph", "M"},
          {"pid", process},
          {"tid", row},
          {"name", "thread_name"},
          {"args", {{"name", name}}}};
}

ordered_json event(const std::string& name, const char* category, int row, std::int64_t start_ns,
                   std::int64_t duration_ns) {
  return {{"ph", "X"},
          {"pid", process},
          {"tid", row},
          {"cat", category},
          {"name", name},
          {"ts", microseconds(start_ns)},
          {"dur", microseconds(duration_ns)}};
}

ordered_json arguments_of(const LaunchRecord& launch, const DevicePeak& peak) {
  const tile::KernelWork& work = launch.work;
  const double ns = static_cast<double>(std::max<std::int64_t>(launch.duration_ns, 1));
  const double seconds = 1e-9 * ns;
  const double flops = work.fp32_flops + work.tf32_flops;
  const double arithmetic = least_seconds({work.fp32_flops, work.tf32_flops, 0}, peak);
  const double traffic = least_seconds({0, 0, work.bytes}, peak);
  ordered_json arguments = {{"bytes", work.bytes},
                            {"flops", flops},
                            {"GB/s", rounded(work.bytes / ns)},
                            {"GFLOP/s", rounded(flops / ns)}};
  if (peak.bytes_per_second > 0) {
    arguments["% of peak bandwidth"] = rounded(100 * traffic / seconds);
  }
  if (peak.fp32_flops > 0) arguments["% of peak flops"] = rounded(100 * arithmetic / seconds);
  if (arithmetic + traffic > 0) {
    arguments["% of roofline"] = rounded(100 * std::max(arithmetic, traffic) / seconds);
    arguments["bound by"] = arithmetic > traffic ? "arithmetic" : "memory";
  }
  return arguments;
}

}  // namespace

double least_seconds(const tile::KernelWork& work, const DevicePeak& peak) {
  const auto seconds = [](double amount, double rate) { return rate > 0 ? amount / rate : 0; };
  return std::max(
      seconds(work.fp32_flops, peak.fp32_flops) + seconds(work.tf32_flops, peak.tf32_flops),
      seconds(work.bytes, peak.bytes_per_second));
}

std::string to_chrome_json(const Trace& trace) {
  std::string events;
  // An event at a time: all of them as one tree would take a gigabyte.
  const auto add = [&](const ordered_json& entry) {
    events += events.empty() ? "\n" : ",\n";
    events += entry.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
  };
  add(row_name(host_row, "host"));
  std::map<int, DevicePeak> peaks;  // by row
  for (const LaunchRecord& launch : trace.launches) {
    const int row = row_of(launch.device);
    auto peak = peaks.find(row);
    if (peak == peaks.end()) {
      peak = peaks.emplace(row, device_peak(launch.device)).first;
      add(row_name(row, to_string(launch.device) + ": " + to_string(peak->second)));
    }
    ordered_json entry = event(launch.label, "kernel", row, launch.start_ns, launch.duration_ns);
    entry["args"] = arguments_of(launch, peak->second);
    add(entry);
  }
  for (const RangeRecord& range : trace.ranges) {
    add(event(range.name, "host", host_row, range.start_ns, range.duration_ns));
  }
  return "{\"displayTimeUnit\": \"ns\", \"otherData\": {\"dropped\": " +
         std::to_string(trace.dropped) + "}, \"traceEvents\": [" + events + "\n]}\n";
}

}  // namespace pg::detail
