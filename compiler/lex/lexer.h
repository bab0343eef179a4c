// Text to tokens. Anything wrong with characters or literals is reported here and nowhere else:
// invalid UTF-8, NUL, bidirectional controls, numbers out of range, unclosed strings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "compiler/lex/token.h"
#include "compiler/source/diagnostics.h"
#include "compiler/source/source_file.h"

namespace tile {

/// Larger files are refused: a syntax tree takes up to 150 times its text.
constexpr std::size_t file_size_limit = 4 << 20;
constexpr std::size_t identifier_length_limit = 128;

/// The tokens of a file, comments left out and doc comments (`///`) kept. After a mistake the rest
/// is still tokenised; a file that is not UTF-8 or too large gives End alone.
Tokens lex(const SourceSet& sources, FileId file, Diagnostics& diagnostics);

/// The value of an Integer token's text ("0x7f", "1_000"), or nothing above 2^64 - 1.
std::optional<std::uint64_t> integer_value(std::string_view text);

/// A Float token's text rounded once to each precision.
struct FloatValue {
  float single = 0;
  double real = 0;
  bool is_in_range = true;  // false: not zero and finite, but rounds to infinity or zero in f32
};
FloatValue float_value(std::string_view text);

/// A String token's text without quotes and with escapes resolved.
std::string string_value(std::string_view text);

}  // namespace tile
