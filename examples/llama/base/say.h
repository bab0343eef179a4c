// What the program says. Nothing here throws when a stream cannot be written, as fmt::print does: a
// run must not die because its log is on a full disk. What stdout lost is told at the end
// (cli::run).
#pragma once

#include <fmt/format.h>

#include <cstdio>
#include <string_view>
#include <utility>

namespace llama {

/// As it is.
void write_text(std::FILE* stream, std::string_view text);
/// On stderr; on a terminal in place of the progress bar that may stand there.
void write_line(std::string_view line);

/// A line on stderr: progress, notes.
template <class... Arguments>
void say(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  write_line(fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// A line on stderr that opens with "warning: ".
template <class... Arguments>
void warn(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  say("warning: {}", fmt::format(format, std::forward<Arguments>(arguments)...));
}

/// On stdout, which is for results alone; no line end is added.
template <class... Arguments>
void write_out(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
  write_text(stdout, fmt::format(format, std::forward<Arguments>(arguments)...));
}

}  // namespace llama
