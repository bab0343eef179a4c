// A file mapped into memory for reading, safe against what other processes do to it meanwhile: the
// pages of a file that became shorter raise SIGBUS when they are touched, so all reading goes
// through a copy that turns this signal into an error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace llama {

class MappedFile {
 public:
  /// Throws pg::Error when `path` is not a readable regular file.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;

  const std::string& path() const { return path_; }
  std::size_t size() const { return size_; }
  /// Fills `out` from `offset`; the range must lie in the file. Throws pg::Error when the file is
  /// no longer what was opened: another size or time of change.
  void read(std::size_t offset, std::span<std::byte> out) const;

 private:
  std::string path_;
  int descriptor_ = -1;
  std::size_t size_ = 0;
  std::int64_t changed_ns_ = 0;
  const std::byte* bytes_ = nullptr;
};

}  // namespace llama
