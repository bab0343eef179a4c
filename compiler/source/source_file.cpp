// See source_file.h.
#include "compiler/source/source_file.h"

#include <fmt/format.h>

#include <algorithm>

namespace tile {

Span join(Span first, Span last) {
  TILE_CHECK(first.file == last.file, "spans of different files");
  return {first.file, std::min(first.begin, last.begin), std::max(first.end, last.end)};
}

FileId SourceSet::add(std::string name, std::string text) {
  SourceFile file{std::move(name), std::move(text), {0}};
  for (std::size_t i = 0; i < file.text.size(); ++i) {
    if (file.text[i] == '\n') file.line_starts.push_back(static_cast<std::uint32_t>(i + 1));
  }
  return files_.push_back(std::move(file));
}

LineColumn SourceSet::line_column(FileId id, std::uint32_t offset) const {
  const auto& starts = files_[id].line_starts;
  auto next = std::upper_bound(starts.begin(), starts.end(), offset);
  auto line = static_cast<std::uint32_t>(next - starts.begin());
  return {line, offset - starts[line - 1] + 1};
}

std::string_view SourceSet::text(Span span) const {
  return std::string_view(files_[span.file].text).substr(span.begin, span.end - span.begin);
}

std::string SourceSet::describe(Span span) const {
  if (span.file.is_none()) return "<compiler>";
  LineColumn at = line_column(span.file, span.begin);
  return fmt::format("{}:{}:{}", files_[span.file].name, at.line, at.column);
}

}  // namespace tile
