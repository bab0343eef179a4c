// See profile.h.
#include "runtime/device/profile.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "runtime/device/cuda_profile.h"
#include "runtime/device/trace.h"

namespace pg {

namespace {

struct Record {
  std::int64_t launches = 0;
  std::int64_t nanoseconds = 0;
  tile::KernelWork work;
};

struct Profile {
  std::mutex mutex;
  std::map<std::string, Record> records;
  std::atomic<bool> is_tracing = false;
  detail::Trace trace;
};

Profile& profile() {
  static auto* instance = new Profile;
  return *instance;
}

bool enabled_at_start() {
  const char* set = std::getenv("PICOGRAD_PROFILE");
  if (set == nullptr || std::strcmp(set, "1") != 0) return false;
  std::atexit([] { std::fputs(profile_table().c_str(), stderr); });
  return true;
}

/// Keeps `entry` unless there are too many. Under the mutex.
template <class Entry>
void keep(std::vector<Entry>& entries, Entry entry) {
  if (!profile().is_tracing) return;
  if (entries.size() < detail::Trace::most) {
    entries.push_back(std::move(entry));
  } else {
    profile().trace.dropped += 1;
  }
}

}  // namespace

namespace detail {

std::atomic<bool> profiling = enabled_at_start();

std::int64_t now_ns() {
  static const auto start = std::chrono::steady_clock::now();
  return (std::chrono::steady_clock::now() - start).count();
}

void record_launch(const LaunchRecord& launch) {
  const std::lock_guard lock(profile().mutex);
  Record& record = profile().records[launch.label];
  record.launches += 1;
  record.nanoseconds += launch.duration_ns;
  record.work.fp32_flops += launch.work.fp32_flops;
  record.work.tf32_flops += launch.work.tf32_flops;
  record.work.bytes += launch.work.bytes;
  keep(profile().trace.launches, launch);
}

}  // namespace detail

void set_profiling(bool enabled) { detail::profiling = enabled; }

void reset_profile() {
  cuda::resolve_profile();
  const std::lock_guard lock(profile().mutex);
  profile().records.clear();
}

void start_trace() {
  detail::now_ns();
  profile().is_tracing = true;
  set_profiling(true);
}

std::string take_trace() {
  set_profiling(false);
  cuda::resolve_profile();
  detail::Trace trace;
  {
    const std::lock_guard lock(profile().mutex);
    profile().is_tracing = false;
    std::swap(trace, profile().trace);
  }
  return detail::to_chrome_json(trace);
}

Range::Range(const char* name)
    : name_(name), start_ns_(profile().is_tracing ? detail::now_ns() : -1) {
  if (detail::has_nvtx_tool()) tool_range_.emplace(name_);
}

Range::~Range() {
  if (start_ns_ < 0) return;
  const std::lock_guard lock(profile().mutex);
  keep(profile().trace.ranges, {name_, start_ns_, detail::now_ns() - start_ns_});
}

std::string profile_table() {
  cuda::resolve_profile();
  const std::lock_guard lock(profile().mutex);
  std::vector<std::pair<std::string, Record>> rows(profile().records.begin(),
                                                   profile().records.end());
  if (rows.empty()) return {};
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::pair(b.second.nanoseconds, a.first) < std::pair(a.second.nanoseconds, b.first);
  });
  std::int64_t total = 0;
  for (const auto& [label, record] : rows) total += record.nanoseconds;
  std::string table = fmt::format("{:<48} {:>9} {:>10} {:>10} {:>6} {:>9} {:>7}\n", "kernel",
                                  "launches", "ms", "us each", "%", "GFLOP/s", "GB/s");
  for (const auto& [label, record] : rows) {
    const auto ns = static_cast<double>(std::max<std::int64_t>(record.nanoseconds, 1));
    table +=
        fmt::format("{:<48} {:>9} {:>10.3f} {:>10.3f} {:>6.1f} {:>9.1f} {:>7.1f}\n", label,
                    record.launches, 1e-6 * ns, 1e-3 * ns / record.launches,
                    100.0 * ns / static_cast<double>(std::max<std::int64_t>(total, 1)),
                    (record.work.fp32_flops + record.work.tf32_flops) / ns, record.work.bytes / ns);
  }
  return table;
}

}  // namespace pg
