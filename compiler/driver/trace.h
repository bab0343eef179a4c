// Where compiling spends its time, as a trace that chrome://tracing and Perfetto show. Of the
// thread that started it; clang and LLVM add spans of their own.
#pragma once

#include <string>
#include <string_view>

namespace tile {

void start_trace(std::string_view program);
/// False when the file cannot be written.
bool write_trace(const std::string& path);

/// A span from construction to destruction; nothing where there is no trace.
class TraceSpan {
 public:
  explicit TraceSpan(std::string_view name, std::string_view detail = {});
  TraceSpan(const TraceSpan&) = delete;
  TraceSpan& operator=(const TraceSpan&) = delete;
  ~TraceSpan();
};

}  // namespace tile
