// The trace that profile.h promises: launches and ranges kept in memory, written as Chrome trace
// events. Private to profile.cpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/device/peak.h"
#include "runtime/device/profile.h"

namespace pg::detail {

struct RangeRecord {
  const char* name = nullptr;
  std::int64_t start_ns = 0;
  std::int64_t duration_ns = 0;
};

struct Trace {
  std::vector<LaunchRecord> launches = {};
  std::vector<RangeRecord> ranges = {};
  std::uint64_t dropped = 0;  // beyond the limit

  static constexpr std::size_t most = 1'000'000;
};

/// The least seconds that a device needs for some work: of its arithmetic or of its memory traffic,
/// whichever takes longer. A peak that is not known is no limit.
double least_seconds(const tile::KernelWork& work, const DevicePeak& peak);

/// JSON. One row of events for the host's ranges, one for each device's launches.
std::string to_chrome_json(const Trace& trace);

}  // namespace pg::detail
