// One trainer a folder. The lock is the system's (flock), so it goes with the process however that
// ends; the file's text says who holds it.
#pragma once

#include <filesystem>

namespace llama {

class RunLock {
 public:
  /// Creates `folder` if need be. Throws Failure(exit_usage) naming process and host when another
  /// trainer works there.
  explicit RunLock(const std::filesystem::path& folder);
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  int descriptor_ = -1;
};

}  // namespace llama
