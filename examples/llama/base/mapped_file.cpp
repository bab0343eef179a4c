// See mapped_file.h.
#include "examples/llama/base/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

#include "runtime/device/error.h"

namespace llama {

namespace {

std::int64_t change_time(const struct stat& status) {
  return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

// Where the handler returns to while this thread copies from a mapping. A signal handler can learn
// of it only through a variable of the thread.
thread_local sigjmp_buf* volatile copy_in_progress = nullptr;

void leave_copy(int) {
  if (copy_in_progress) siglongjmp(*copy_in_progress, 1);
  signal(SIGBUS, SIG_DFL);  // not ours: the access is tried again and ends the program as usual
}

void install_handler() {
  struct sigaction action{};
  action.sa_handler = leave_copy;
  action.sa_flags = SA_NODEFER;  // the jump leaves the handler without unblocking the signal
  sigaction(SIGBUS, &action, nullptr);
}

// False when a page of `from` is gone. Nothing here has a destructor that the jump would skip.
bool copy_from_mapping(std::byte* to, const std::byte* from, std::size_t count) {
  sigjmp_buf place;
  if (sigsetjmp(place, /*savemask=*/0) != 0) {
    copy_in_progress = nullptr;
    return false;
  }
  copy_in_progress = &place;
  std::atomic_signal_fence(std::memory_order_seq_cst);  // for the compiler: the handler reads it
  std::memcpy(to, from, count);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  copy_in_progress = nullptr;
  return true;
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path.string()) {
  static const bool installed = (install_handler(), true);
  static_cast<void>(installed);
  // Without O_NONBLOCK, opening a pipe would wait for a writer before it can be refused.
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) throw pg::Error(fmt::format("{}: {}", path_, std::strerror(errno)));
  struct stat status{};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(descriptor_);
    throw pg::Error(path_ + ": not a regular file");
  }
  size_ = static_cast<std::size_t>(status.st_size);
  changed_ns_ = change_time(status);
  if (size_ == 0) return;
  void* mapping = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, descriptor_, 0);
  if (mapping == MAP_FAILED) {
    const int error = errno;
    ::close(descriptor_);
    throw pg::Error(fmt::format("{}: cannot be mapped: {}", path_, std::strerror(error)));
  }
  bytes_ = static_cast<const std::byte*>(mapping);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      changed_ns_(other.changed_ns_),
      bytes_(std::exchange(other.bytes_, nullptr)) {}

MappedFile::~MappedFile() {
  if (bytes_) ::munmap(const_cast<std::byte*>(bytes_), size_);
  if (descriptor_ >= 0) ::close(descriptor_);
}

void MappedFile::read(std::size_t offset, std::span<std::byte> out) const {
  if (offset > size_ || out.size() > size_ - offset) {
    throw pg::Error(fmt::format("{}: bytes {} to {} of a file of {}", path_, offset,
                                offset + out.size(), size_));
  }
  const bool copied = out.empty() || copy_from_mapping(out.data(), bytes_ + offset, out.size());
  struct stat status{};
  if (!copied || ::fstat(descriptor_, &status) != 0 ||
      static_cast<std::size_t>(status.st_size) != size_ || change_time(status) != changed_ns_) {
    throw pg::Error(path_ + ": the file changed while it was in use");
  }
}

}  // namespace llama
