// See file.h.
#include "runtime/nn/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "runtime/device/error.h"

namespace pg::nn {
namespace {

std::int64_t change_time(const struct stat& status) {
  return std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
}

[[noreturn]] void fail_with_errno(std::string_view op, std::string_view path, std::string_view what,
                                  int error) {
  throw IoError(fmt::format("{}: {}: {}: {}", op, path, what, std::strerror(error)));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

}  // namespace

InputFile::InputFile(std::string_view op, std::string path, Links links)
    : op_(op), path_(std::move(path)) {
  // Without O_NONBLOCK, opening a pipe would wait for a writer before it can be refused.
  const int no_links = links == Links::Refuse ? O_NOFOLLOW : 0;
  descriptor_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | no_links);
  if (descriptor_ < 0 && errno == ELOOP && no_links) {
    fail(op_, "{}: is a symbolic link, which might lead anywhere; put the file itself there",
         path_);
  }
  if (descriptor_ < 0) fail(op_, "{}: cannot open: {}", path_, std::strerror(errno));
  struct stat status{};
  const bool is_regular = ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
  if (!is_regular) {
    ::close(descriptor_);
    fail(op_, "{}: not a regular file", path_);
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
  changed_ns_ = change_time(status);
}

InputFile::InputFile(InputFile&& other) noexcept
    : op_(std::move(other.op_)),
      path_(std::move(other.path_)),
      descriptor_(std::exchange(other.descriptor_, -1)),
      size_(other.size_),
      changed_ns_(other.changed_ns_) {}

InputFile::~InputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void InputFile::reject(std::string_view message) const { fail(op_, "{}: {}", path_, message); }

void InputFile::read(std::uint64_t offset, std::span<std::byte> into) const {
  if (offset > size_ || into.size() > size_ - offset) reject("read past the end of the file");
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got = ::pread(descriptor_, into.data() + done, into.size() - done,
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_with_errno(op_, path_, "cannot read", errno);
    if (got == 0) reject("the file became shorter while it was read");
    done += static_cast<std::size_t>(got);
  }
  struct stat status{};
  if (::fstat(descriptor_, &status) != 0 || static_cast<std::uint64_t>(status.st_size) != size_ ||
      change_time(status) != changed_ns_) {
    reject("the file changed while it was read");
  }
}

OutputFile::OutputFile(std::string_view op, std::string path) : op_(op), path_(std::move(path)) {
  struct stat status{};
  if (::stat(path_.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
    throw IoError(fmt::format("{}: {}: is there, and not a regular file", op_, path_));
  }
  for (int attempt = 0; descriptor_ < 0; ++attempt) {
    temporary_ = fmt::format("{}.tmp-{}-{}", path_, ::getpid(), attempt);
    descriptor_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST)
      fail_with_errno(op_, path_, "cannot create a file beside it", errno);
  }
}

OutputFile::~OutputFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputFile::write(std::span<const std::byte> data) {
  hasher_.add(data);
  bytes_ += data.size();
  while (!data.empty()) {
    const ssize_t done = ::write(descriptor_, data.data(), data.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail_with_errno(op_, path_, "cannot write", errno);
    data = data.subspan(static_cast<std::size_t>(done));
  }
}

FileSeal OutputFile::commit() {
  if (::fsync(descriptor_) != 0) fail_with_errno(op_, path_, "cannot sync", errno);
  if (::close(std::exchange(descriptor_, -1)) != 0)
    fail_with_errno(op_, path_, "cannot close", errno);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0)
    fail_with_errno(op_, path_, "cannot rename onto it", errno);
  temporary_.clear();
  sync_folder(op_, folder_of(path_));
  return {bytes_, hasher_.digest()};
}

FileSeal write_whole_file(std::string_view op, const std::string& path, std::string_view text) {
  OutputFile file(op, path);
  file.write(text);
  return file.commit();
}

FileSeal seal_of(const InputFile& file) {
  constexpr std::uint64_t block = 1 << 22;
  std::vector<std::byte> buffer(std::min(block, file.size()));
  Hasher hasher;
  for (std::uint64_t at = 0; at < file.size(); at += buffer.size()) {
    const std::span part(buffer.data(), std::min(buffer.size(), file.size() - at));
    file.read(at, part);
    hasher.add(part);
  }
  return {file.size(), hasher.digest()};
}

void sync_folder(std::string_view op, const std::string& path) {
  const int folder = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder >= 0 && ::fsync(folder) == 0;
  const int error = errno;
  if (folder >= 0) ::close(folder);
  if (!synced) fail_with_errno(op, path, "cannot sync the folder", error);
}

}  // namespace pg::nn
