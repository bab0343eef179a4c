// Safetensors files: a length, a JSON header, raw little-endian tensors. The reader trusts nothing:
// sizes are checked before anything is allocated, tensors must cover the data without holes or
// overlaps, and each error names file and field. The writer writes beside the target, syncs and
// renames, so a reader sees the old file or the new one.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/nn/file.h"
#include "runtime/nn/module.h"

namespace pg::nn {

/// One tensor of a file, as its header tells. `element` is the file's type ("F32", "BF16", ...).
struct SafetensorsEntry {
  std::string name;
  std::string element;
  std::vector<std::int64_t> shape;
  std::uint64_t begin = 0;  // within the data part
  std::uint64_t end = 0;
};

/// An open file; tensors are read one by one with pread, never mapped.
class SafetensorsFile {
 public:
  /// Reads and checks the header.
  explicit SafetensorsFile(const std::string& path);
  /// The same of a file whose name another file gave: a symbolic link is refused.
  static SafetensorsFile open_named(const std::string& path);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&& other) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) = delete;

  const std::string& path() const;
  /// In the order of the data.
  const std::vector<SafetensorsEntry>& entries() const { return entries_; }
  /// Null when there is none.
  const SafetensorsEntry* find(std::string_view name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// Error when the name is missing. F32, I32, I64 and BOOL as they are; F16 and BF16 become f32.
  Tensor read(std::string_view name) const;

 private:
  explicit SafetensorsFile(std::unique_ptr<InputFile> file);

  std::unique_ptr<InputFile> file_;
  std::uint64_t data_begin_ = 0;
  std::vector<SafetensorsEntry> entries_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::map<std::string, std::string> metadata_;
};

/// All tensors of a file, in the order of the data.
std::vector<NamedTensor> load_safetensors(const std::string& path);
/// In the given order. Any strides. Error when a name is empty or given twice, or writing fails;
/// then no file is left at `path` that was not there before.
FileSeal save_safetensors(const std::string& path, const std::vector<NamedTensor>& tensors,
                          const std::map<std::string, std::string>& metadata = {});

}  // namespace pg::nn
