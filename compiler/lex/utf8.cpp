// See utf8.h.
#include "compiler/lex/utf8.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tile {

Character decode(std::string_view text, std::size_t position) {
  auto byte = [&](std::size_t i) -> std::uint32_t {
    return position + i < text.size() ? static_cast<unsigned char>(text[position + i]) : 0u;
  };
  std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  int length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4) return {};
  char32_t code = first & (0x7fu >> length);
  for (int i = 1; i < length; ++i) {
    std::uint32_t next = byte(static_cast<std::size_t>(i));
    if ((next & 0xc0) != 0x80) return {};
    code = (code << 6) | (next & 0x3f);
  }
  // Every character has one encoding: no overlong forms, no surrogates, nothing past the last
  // plane.
  constexpr char32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
  bool is_surrogate = code >= 0xd800 && code < 0xe000;
  if (code < smallest[length] || is_surrogate || code > 0x10ffff) return {};
  return {code, length};
}

bool is_bidi_control(char32_t code) {
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
         code == 0x200e || code == 0x200f || code == 0x061c;
}

bool check_characters(const SourceSet& sources, FileId file, Diagnostics& diagnostics) {
  std::string_view text = sources.file(file).text;
  for (std::size_t i = 0; i < text.size();) {
    auto byte = static_cast<unsigned char>(text[i]);
    auto at = static_cast<std::uint32_t>(i);
    if (byte != 0 && byte < 0x80) {
      ++i;
      continue;
    }
    if (byte == 0) {
      diagnostics.report({file, at, at + 1}, Kind::NulByte, i);
      return false;
    }
    Character character = decode(text, i);
    if (character.length == 0) {
      diagnostics.report({file, at, at + 1}, Kind::InvalidUtf8, byte, i);
      return false;
    }
    auto length = static_cast<std::uint32_t>(character.length);
    if (is_bidi_control(character.code)) {
      diagnostics
          .report({file, at, at + length}, Kind::BidiControl,
                  static_cast<std::uint32_t>(character.code))
          .note("it makes text look different from what the compiler reads");
    }
    i += length;
  }
  return true;
}

}  // namespace tile
