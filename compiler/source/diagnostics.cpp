// See diagnostics.h. The snippets are laid out by LLVM's SMDiagnostic, one at a time and from a
// line that is cut out here, so that there is no second source manager; this file adds codes, notes
// and sorting.
#include "compiler/source/diagnostics.h"

#include <fmt/format.h>
#include <llvm/ADT/StringRef.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>

#include <algorithm>
#include <array>
#include <iterator>

namespace tile {
namespace {

constexpr std::array kinds = {
#define TILE_DIAGNOSTIC(kind, code, severity, message) \
  KindInfo{#kind, code, Severity::severity, message},
#include "compiler/source/diagnostic_kinds.def"
};

constexpr std::size_t shown_columns = 160;  // of a longer line, what is around the caret
constexpr char placeholder = '\x1a';        // for what is not ASCII, see Snippet

struct Style {
  std::string_view label;  // "error"
  std::string_view color;  // escape sequence before the label
};

constexpr Style style(Severity severity) {
  return severity == Severity::Error ? Style{"error", "\033[1;31m"}
                                     : Style{"warning", "\033[1;35m"};
}

constexpr Style style(Attachment::Type type) {
  return type == Attachment::Type::Note ? Style{"note", "\033[1;36m"} : Style{"help", "\033[1;32m"};
}

std::string label(Style style, std::string_view code, bool color) {
  std::string text =
      code.empty() ? std::string(style.label) : fmt::format("{}[{}]", style.label, code);
  return color ? fmt::format("{}{}:\033[0m ", style.color, text) : text + ": ";
}

/// Length of the UTF-8 character at `position`; 1 for bytes that start none.
std::size_t character_length(std::string_view text, std::size_t position) {
  auto byte = static_cast<unsigned char>(text[position]);
  std::size_t length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
  if (position + length > text.size()) return 1;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[position + i]) & 0xc0) != 0x80) return 1;
  }
  return length;
}

/// What is shown for a character: control characters, invalid bytes and characters that turn or
/// hide text become U+FFFD, so that a message cannot be used to mislead its reader.
std::string_view shown(std::string_view character) {
  constexpr std::string_view replacement = "\xef\xbf\xbd";
  auto first = static_cast<unsigned char>(character[0]);
  if (character.size() == 1) return first >= 0x80 || first < 0x20 ? replacement : character;
  if (first == 0xc2 && static_cast<unsigned char>(character[1]) < 0xa0) return replacement;
  bool is_format = character.starts_with("\xe2\x80") || character.starts_with("\xe2\x81") ||
                   character.starts_with("\xd8\x9c") || character.starts_with("\xef\xbb\xbf");
  return is_format ? replacement : character;
}

/// One source line made ready for SMDiagnostic, which counts columns in bytes: every character is
/// one byte, and `originals` holds in order what the placeholders stand for.
struct Snippet {
  std::string line;
  std::vector<std::string_view> originals;
  unsigned caret = 0;
  unsigned end = 0;
};

Snippet snippet(std::string_view line, std::size_t begin, std::size_t end) {
  Snippet result;
  std::size_t first = begin > shown_columns / 2 ? begin - shown_columns / 2 : 0;
  if (line.size() <= shown_columns) first = 0;
  while (first > 0 && (static_cast<unsigned char>(line[first]) & 0xc0) == 0x80) --first;
  for (std::size_t i = first; i < line.size() && result.line.size() < shown_columns;) {
    std::size_t length = character_length(line, i);
    if (i < begin) result.caret = static_cast<unsigned>(result.line.size() + 1);
    if (i < end) result.end = static_cast<unsigned>(result.line.size() + 1);
    std::string_view character = line.substr(i, length);
    bool is_plain =
        character == "\t" || (length == 1 && character[0] >= 0x20 && character[0] < 0x7f);
    result.line += is_plain ? character[0] : placeholder;
    if (!is_plain) result.originals.push_back(shown(character));
    i += length;
  }
  result.end = std::max(result.end, result.caret + 1);
  return result;
}

/// "name:line:column: <message>" with the line and a caret range, or the message alone without a
/// place.
void render_place(const SourceSet& sources, Span span, const std::string& message,
                  std::string& out) {
  if (span.file.is_none()) {
    out += message + "\n";
    return;
  }
  const SourceFile& file = sources.file(span.file);
  LineColumn at = sources.line_column(span.file, span.begin);
  std::size_t start = file.line_starts[at.line - 1];
  std::string_view line = std::string_view(file.text).substr(start);
  line = line.substr(0, line.find_first_of("\r\n"));
  std::size_t begin = std::min<std::size_t>(span.begin - start, line.size());
  std::size_t end = std::min<std::size_t>(std::max(span.end, span.begin) - start, line.size());
  Snippet shown_line = snippet(line, begin, end);
  std::pair<unsigned, unsigned> range{shown_line.caret, shown_line.end};
  // The header is ours: SMDiagnostic would count the column in the shortened line.
  out += fmt::format("{}:{}:{}: {}\n", file.name, at.line, at.column, message);
  const llvm::SourceMgr no_files;
  llvm::SMDiagnostic diagnostic(no_files, llvm::SMLoc::getFromPointer(line.data()), "",
                                static_cast<int>(at.line), static_cast<int>(shown_line.caret),
                                llvm::SourceMgr::DK_Error, "", shown_line.line, range);
  std::string text;
  llvm::raw_string_ostream stream(text);
  diagnostic.print(nullptr, stream, /*ShowColors=*/false, /*ShowKindLabel=*/false,
                   /*ShowLocation=*/false);
  text.erase(0, text.find('\n') + 1);  // the empty message
  auto original = shown_line.originals.begin();
  for (char c : text) {
    if (c == placeholder && original != shown_line.originals.end()) {
      out += *original++;
    } else {
      out += c;
    }
  }
}

}  // namespace

const KindInfo& info(Kind kind) { return kinds[static_cast<std::size_t>(kind)]; }

std::size_t kind_count() { return kinds.size(); }

Diagnostics::Builder& Diagnostics::Builder::note(Span span, std::string text) {
  if (diagnostic_)
    diagnostic_->attachments.push_back({Attachment::Type::Note, span, std::move(text)});
  return *this;
}

Diagnostics::Builder& Diagnostics::Builder::note(std::string text) {
  return note(Span(), std::move(text));
}

Diagnostics::Builder& Diagnostics::Builder::help(std::string text) {
  if (diagnostic_) {
    diagnostic_->attachments.push_back({Attachment::Type::Help, Span(), std::move(text)});
  }
  return *this;
}

Diagnostics::Builder Diagnostics::report_formatted(Span span, Kind kind, fmt::format_args args) {
  std::string message = fmt::vformat(info(kind).message, args);
  bool is_placed = !span.file.is_none();
  if (is_placed && !seen_.emplace(kind, span.file.index, span.begin, span.end).second) {
    return Builder(nullptr);
  }
  if (!is_placed) {
    // Messages without a place (settings of the command line) are the same when they read the same.
    for (const Diagnostic& other : all_) {
      if (other.span == span && other.message == message) return Builder(nullptr);
    }
  }
  if (info(kind).severity == Severity::Error) ++error_count_;
  if (is_full()) {
    ++dropped_count_;
    return Builder(nullptr);
  }
  all_.push_back({kind, span, std::move(message), {}});
  return Builder(&all_.back());
}

std::string Diagnostics::render(bool color) const {
  std::vector<const Diagnostic*> sorted;
  for (const Diagnostic& diagnostic : all_) sorted.push_back(&diagnostic);
  // All lie in one vector, so the pointers themselves are the order of reporting.
  std::sort(sorted.begin(), sorted.end(), [](const Diagnostic* a, const Diagnostic* b) {
    return std::tie(a->span.file.index, a->span.begin, a) <
           std::tie(b->span.file.index, b->span.begin, b);
  });
  std::size_t shown_count = std::min(sorted.size(), shown_limit);
  std::string out;
  for (std::size_t i = 0; i < shown_count; ++i) {
    const Diagnostic& diagnostic = *sorted[i];
    const KindInfo& kind = info(diagnostic.kind);
    render_place(*sources_, diagnostic.span,
                 label(style(kind.severity), kind.code, color) + diagnostic.message, out);
    for (const Attachment& attachment : diagnostic.attachments) {
      std::string message = label(style(attachment.type), "", color) + attachment.text;
      render_place(*sources_, attachment.span, message, out);
    }
  }
  std::size_t hidden = sorted.size() - shown_count + dropped_count_;
  if (hidden > 0) out += fmt::format("{} more not shown\n", hidden);
  return out;
}

std::string_view nearest_name(std::string_view name,
                              const std::vector<std::string_view>& candidates) {
  auto limit = static_cast<unsigned>(std::max<std::size_t>(1, (name.size() + 1) / 3));
  std::string_view best;
  for (std::string_view candidate : candidates) {
    unsigned distance =
        llvm::StringRef(name).edit_distance(llvm::StringRef(candidate), true, limit);
    if (distance > limit || candidate == name || distance >= name.size()) continue;
    best = candidate;
    if (distance == 0) break;
    limit = distance - 1;
    if (limit == 0) break;
  }
  return best;
}

}  // namespace tile
