// See trace.h.
#include "compiler/driver/trace.h"

#include <llvm/Support/Error.h>
#include <llvm/Support/TimeProfiler.h>

namespace tile {

namespace {

constexpr unsigned shortest_span = 20;  // microseconds

}  // namespace

void start_trace(std::string_view program) {
  llvm::timeTraceProfilerInitialize(shortest_span, program);
}

bool write_trace(const std::string& path) {
  llvm::Error error = llvm::timeTraceProfilerWrite(path, "");
  llvm::timeTraceProfilerCleanup();
  const bool is_written = !error;
  llvm::consumeError(std::move(error));
  return is_written;
}

TraceSpan::TraceSpan(std::string_view name, std::string_view detail) {
  if (llvm::timeTraceProfilerEnabled()) {
    llvm::timeTraceProfilerBegin(llvm::StringRef(name), llvm::StringRef(detail));
  }
}

TraceSpan::~TraceSpan() {
  if (llvm::timeTraceProfilerEnabled()) llvm::timeTraceProfilerEnd();
}

}  // namespace tile
