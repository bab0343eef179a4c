// Time per kernel: off unless the environment sets PICOGRAD_PROFILE=1 (a table on stderr at exit)
// or a program turns it on. Times are of whole launches, compilation apart: on the CPU those of the
// calling thread, on a GPU those between events on its stream.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace pg {

/// Starts or stops measuring; numbers so far stay.
void set_profiling(bool enabled);
/// "kernel, launches, total ms, us per launch, share", the most expensive first; empty without
/// launches.
std::string profile_table();
void reset_profile();

namespace detail {
extern std::atomic<bool> profiling;
/// Adds one launch of a kernel (with its compile-time arguments).
void record_launch(const std::string& label, std::int64_t nanoseconds);
}  // namespace detail

}  // namespace pg
