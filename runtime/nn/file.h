// Reading files that may lie and writing files that must not be seen half done. Errors open with
// the caller's name and the path: "load_npy: x.npy: cannot open: No such file or directory".
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "runtime/device/error.h"
#include "runtime/nn/hash.h"

namespace pg::nn {

/// The system could not do it: a full disk, no permission, a broken drive. What a file holds is not
/// to blame.
class IoError : public Error {
 public:
  using Error::Error;
};

/// A regular file opened for positioned reads. Its size and time of change are noted when it is
/// opened; a read after either changed is an error, so a file rewritten meanwhile is never half
/// believed.
class InputFile {
 public:
  enum class Links : std::uint8_t { Follow, Refuse };  // for names that came out of a file

  InputFile(std::string_view op, std::string path, Links links = Links::Follow);
  ~InputFile();
  InputFile(InputFile&& other) noexcept;
  InputFile& operator=(InputFile&&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  /// Fills `into` from `offset`; the range must lie in the file.
  void read(std::uint64_t offset, std::span<std::byte> into) const;
  /// Throws an error about this file.
  [[noreturn]] void reject(std::string_view message) const;

 private:
  std::string op_;
  std::string path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
  std::int64_t changed_ns_ = 0;
};

/// What a file was given to hold. Read back, it tells whether it does.
struct FileSeal {
  std::uint64_t bytes = 0;
  std::string hash;  // hash.h
  bool operator==(const FileSeal&) const = default;
};

/// Writes beside `path`, which may be a regular file (a device would be replaced); commit() syncs
/// the data, renames onto `path` and syncs the folder. Without a commit nothing is left behind.
/// After a failed one the data has to be written anew: pages whose sync failed may be marked clean,
/// so a second sync would succeed without them. Every failure is an IoError.
class OutputFile {
 public:
  OutputFile(std::string_view op, std::string path);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(std::span<const std::byte> data);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  /// The seal is of the bytes in memory.
  FileSeal commit();

 private:
  std::string op_;
  std::string path_;
  std::string temporary_;
  int descriptor_ = -1;
  std::uint64_t bytes_ = 0;
  Hasher hasher_;
};

/// A whole file from memory.
FileSeal write_whole_file(std::string_view op, const std::string& path, std::string_view text);
/// The seal of a file as it is.
FileSeal seal_of(const InputFile& file);
/// Makes what was created, renamed and removed in a folder last. Throws IoError.
void sync_folder(std::string_view op, const std::string& path);

}  // namespace pg::nn
