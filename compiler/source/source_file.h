// Source text with positions. A Span is a byte range in one file; line and column are computed only
// when a diagnostic is shown.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/ids.h"

namespace tile {

using FileId = Id<struct FileTag>;

/// Bytes [begin, end) of a file. A default Span points nowhere (made by the compiler itself).
struct Span {
  FileId file;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  bool operator==(const Span&) const = default;
};

/// The smallest span that covers both (same file).
Span join(Span first, Span last);

/// 1-based line and 1-based column in bytes.
struct LineColumn {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

struct SourceFile {
  std::string name;  // as the user wrote it: a path, "-" or "<stdlib>/math.tile"
  std::string text;
  std::vector<std::uint32_t> line_starts;  // offset of the first byte of each line
};

/// All files of one compilation: the standard library's and the user's.
class SourceSet {
 public:
  FileId add(std::string name, std::string text);
  const SourceFile& file(FileId id) const { return files_[id]; }
  std::size_t file_count() const { return files_.size(); }
  LineColumn line_column(FileId id, std::uint32_t offset) const;
  std::string_view text(Span span) const;
  /// "name:line:column", or "<compiler>" for a default span.
  std::string describe(Span span) const;

 private:
  EntityVector<FileId, SourceFile> files_;
};

}  // namespace tile
