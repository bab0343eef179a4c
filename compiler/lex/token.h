// Tokens: kind and place only. The text, and the value of a literal, are read from the source when
// the parser needs them, so a token is 12 bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/source/source_file.h"

namespace tile {

enum class TokenKind : std::uint8_t {
#define TILE_TOKEN(kind, text) kind,
#include "compiler/lex/token.def"
};

/// "kernel", "+:", "name", "end of file".
std::string_view text(TokenKind kind);
bool is_keyword(TokenKind kind);       // includes element types
bool is_element_type(TokenKind kind);  // `f32`
bool is_symbol(TokenKind kind);

struct Token {
  TokenKind kind = TokenKind::End;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
};

/// All tokens of one file in order; the last is End.
using Tokens = std::vector<Token>;

/// How a message names a token: "`+:`", "name `acc`", "integer `3`", "end of file".
std::string describe(const SourceSet& sources, FileId file, const Token& token);

/// One line per token: "3:5 name `acc`".
std::string print(const SourceSet& sources, FileId file, const Tokens& tokens);

}  // namespace tile
