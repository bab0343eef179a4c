// What ran, for how long, and how near to what the device can do: a table per kernel
// (PICOGRAD_PROFILE=1 prints it on stderr at exit), and a trace of every launch for a viewer such
// as Perfetto. Off unless asked for. Times are of whole launches, compilation apart: on the CPU
// those of the calling thread, on a GPU those between events on its stream. The compiler counts the
// work of a launch (compiler/base/kernel_work.h). Ranges name what the host is about, in the trace
// and for NVIDIA's tools (nvtx.h), which hear of every launch too.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/driver/compile.h"
#include "runtime/device/device.h"
#include "runtime/device/nvtx.h"

namespace pg {

/// Starts or stops measuring; numbers so far stay.
void set_profiling(bool enabled);
/// "kernel, launches, total ms, us per launch, share, GFLOP/s, GB/s", the most expensive first;
/// empty without launches.
std::string profile_table();
void reset_profile();

/// Keeps every launch and range from now on, up to a million of each; measuring starts too.
void start_trace();
/// What was kept since, in Chrome's trace event format, and no longer kept; measuring stops. A
/// launch says its bytes and flops, their rates, and its share of the roofline: the least time that
/// the device needs for them over the time it took.
std::string take_trace();

/// What the host is about while this lives. `name` is a literal.
class Range {
 public:
  explicit Range(const char* name);
  ~Range();
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;

 private:
  const char* name_;
  std::int64_t start_ns_;  // -1: not traced
  std::optional<detail::NvtxRange> tool_range_;
};

/// Bytes that all launches so far had to move at least: each argument once for reading and once for
/// writing.
double launched_bytes();

namespace detail {

extern std::atomic<bool> profiling;

/// Since the first call.
std::int64_t now_ns();

/// A launch of a kernel (label: with its compile-time arguments).
struct LaunchRecord {
  std::string label;
  Device device;
  std::int64_t start_ns = 0;
  std::int64_t duration_ns = 0;
  tile::KernelWork work;
};
void record_launch(const LaunchRecord& launch);

}  // namespace detail

}  // namespace pg
