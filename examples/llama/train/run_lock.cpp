// See run_lock.h.
#include "examples/llama/train/run_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

#include "examples/llama/base/exit_code.h"
#include "examples/llama/base/say.h"

namespace llama {

namespace {

std::string this_process() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return fmt::format("process {} on {}", ::getpid(), host.data());
}

std::string read_holder(int descriptor) {
  std::array<char, 512> text{};
  const ssize_t count = ::pread(descriptor, text.data(), text.size() - 1, 0);
  return count > 0 ? std::string(text.data(), static_cast<std::size_t>(count)) : "unknown process";
}

}  // namespace

RunLock::RunLock(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    throw Failure(exit_io, fmt::format("--out {}: {}", folder.string(), error.message()));
  }
  const std::string path = folder / "train.lock";
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    throw Failure(exit_io, fmt::format("{}: cannot open: {}", path, std::strerror(errno)));
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const std::string holder = read_holder(descriptor_);
    ::close(descriptor_);
    throw Failure(exit_usage,
                  fmt::format("{}: another trainer works here, {}", folder.string(), holder));
  }
  // The text only serves the message above: a full disk need not stop a run here.
  const std::string holder = this_process();
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, holder.data(), holder.size(), 0) < 0) {
    warn("{}: cannot be written", path);
  }
}

RunLock::~RunLock() { ::close(descriptor_); }

}  // namespace llama
