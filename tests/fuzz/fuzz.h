// What the fuzzers share. A reader under test either returns or throws pg::Error; anything else
// (another exception, a sanitizer's finding, more memory than the limit) is a finding.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>

#include "runtime/device/error.h"

namespace fuzz {

inline void require(bool condition) {
  if (!condition) std::abort();
}

/// A file that lies in memory, for readers that take a path.
class MemoryFile {
 public:
  MemoryFile() : descriptor_(::memfd_create("fuzz", MFD_CLOEXEC)) { require(descriptor_ >= 0); }
  ~MemoryFile() { ::close(descriptor_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  /// Replaces the contents.
  void fill(std::span<const std::uint8_t> bytes) {
    require(::ftruncate(descriptor_, 0) == 0);
    const auto size = static_cast<ssize_t>(bytes.size());
    require(::pwrite(descriptor_, bytes.data(), bytes.size(), 0) == size);
  }
  std::string path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

 private:
  int descriptor_;
};

/// Calls the reader. Returns whether it accepted the input; an error must say something.
template <class Reader>
bool accepts(Reader&& reader) {
  try {
    reader();
    return true;
  } catch (const pg::Error& error) {
    require(!std::string_view(error.what()).empty());
    return false;
  }
}

inline std::string_view as_text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace fuzz
