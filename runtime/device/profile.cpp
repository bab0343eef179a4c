// See profile.h.
#include "runtime/device/profile.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "runtime/device/cuda_profile.h"

namespace pg {

namespace {

struct Record {
  std::int64_t launches = 0;
  std::int64_t nanoseconds = 0;
};

struct Profile {
  std::mutex mutex;
  std::map<std::string, Record> records;
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

}  // namespace

namespace detail {

std::atomic<bool> profiling = enabled_at_start();

void record_launch(const std::string& label, std::int64_t nanoseconds) {
  const std::lock_guard lock(profile().mutex);
  Record& record = profile().records[label];
  record.launches += 1;
  record.nanoseconds += nanoseconds;
}

}  // namespace detail

void set_profiling(bool enabled) { detail::profiling = enabled; }

void reset_profile() {
  cuda::resolve_profile();
  const std::lock_guard lock(profile().mutex);
  profile().records.clear();
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
  std::string table =
      fmt::format("{:<48} {:>9} {:>10} {:>10} {:>6}\n", "kernel", "launches", "ms", "us each", "%");
  for (const auto& [label, record] : rows) {
    table += fmt::format("{:<48} {:>9} {:>10.3f} {:>10.3f} {:>6.1f}\n", label, record.launches,
                         1e-6 * record.nanoseconds, 1e-3 * record.nanoseconds / record.launches,
                         100.0 * record.nanoseconds / std::max<std::int64_t>(total, 1));
  }
  return table;
}

}  // namespace pg
