// What the compiler tells the user. Phases report into one Diagnostics and go on, so that a run
// shows several mistakes; the driver asks has_errors() between phases and renders at the end. One
// mistake gives one message: a kind is kept once per span, however many instances of a generic show
// it.
#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "compiler/source/source_file.h"

namespace tile {

enum class Severity : std::uint8_t { Error, Warning };

/// Every kind of message, from diagnostic_kinds.def: `Kind::ShapeMismatch`.
enum class Kind : std::uint16_t {
#define TILE_DIAGNOSTIC(kind, code, severity, message) kind,
#include "compiler/source/diagnostic_kinds.def"
};

struct KindInfo {
  std::string_view name;  // "ShapeMismatch"
  std::string_view code;  // "T0302"
  Severity severity;
  std::string_view message;  // a fmt string
};

const KindInfo& info(Kind kind);
std::size_t kind_count();

/// A further place or remark that belongs to a diagnostic. A default span: text without a place.
struct Attachment {
  enum class Type : std::uint8_t { Note, Help };
  Type type = Type::Note;
  Span span;
  std::string text;
};

struct Diagnostic {
  Kind kind;
  Span span;
  std::string message;
  std::vector<Attachment> attachments;
};

class Diagnostics {
 public:
  static constexpr std::size_t shown_limit = 20;
  static constexpr std::size_t kept_limit = 1000;  // later ones are only counted

  /// Adds notes and helps to the diagnostic just reported; does nothing for a repeated one. Valid
  /// only in the expression that reports.
  class Builder {
   public:
    Builder& note(Span span, std::string text);
    Builder& note(std::string text);
    Builder& help(std::string text);
    /// False when this mistake had been reported before.
    bool is_new() const { return diagnostic_ != nullptr; }

   private:
    friend class Diagnostics;
    explicit Builder(Diagnostic* diagnostic) : diagnostic_(diagnostic) {}
    Diagnostic* diagnostic_;
  };

  /// `sources` must live as long as this.
  explicit Diagnostics(const SourceSet& sources) : sources_(&sources) {}
  const SourceSet& sources() const { return *sources_; }

  /// report(span, Kind::TypeMismatch, "f32", "i64").note(other, "declared here").help("use
  /// `f32(x)`"); the arguments fill the kind's message.
  template <class... Args>
  Builder report(Span span, Kind kind, const Args&... args) {
    return report_formatted(span, kind, fmt::make_format_args(args...));
  }

  bool has_errors() const { return error_count_ > 0; }
  std::size_t error_count() const { return error_count_; }
  /// True when so much is wrong that a phase may as well stop.
  bool is_full() const { return all_.size() >= kept_limit; }
  /// As reported, unsorted (for tests).
  const std::vector<Diagnostic>& all() const { return all_; }

  /// Every diagnostic by file and position, with source lines and carets; at most shown_limit of
  /// them, then a line that counts the rest. Empty when there is nothing to say.
  std::string render(bool color) const;

 private:
  Builder report_formatted(Span span, Kind kind, fmt::format_args args);

  const SourceSet* sources_;
  std::vector<Diagnostic> all_;
  std::set<std::tuple<Kind, std::uint32_t, std::uint32_t, std::uint32_t>> seen_;
  std::size_t error_count_ = 0;
  std::size_t dropped_count_ = 0;
};

/// The nearest of `candidates` for a did-you-mean help, or "" when none is near (edit distance at
/// most a third of the length, rounded to the nearest).
std::string_view nearest_name(std::string_view name,
                              const std::vector<std::string_view>& candidates);

}  // namespace tile
