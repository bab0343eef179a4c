// The one walk over the bytes of a file before it is tokenised: it finds what must never reach a
// reader or a later phase, so that the lexer proper can treat every byte above 127 alike.
#pragma once

#include "compiler/source/diagnostics.h"
#include "compiler/source/source_file.h"

namespace tile {

/// Reports invalid UTF-8 and NUL (the first only, then gives up and returns false) and every
/// bidirectional control character (and returns true: they are skipped like blanks).
bool check_characters(const SourceSet& sources, FileId file, Diagnostics& diagnostics);

/// One decoded character. `length` 0: the bytes at this position are not UTF-8.
struct Character {
  char32_t code = 0;
  int length = 0;
};
Character decode(std::string_view text, std::size_t position);

bool is_bidi_control(char32_t code);

}  // namespace tile
