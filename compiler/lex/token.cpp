// See token.h.
#include "compiler/lex/token.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>
#include <iterator>

namespace tile {
namespace {

enum class Class : std::uint8_t { Varying, Keyword, Element, Symbol };

struct TokenInfo {
  std::string_view text;
  Class token_class;
};

constexpr std::array tokens_table = {
#define TILE_TOKEN(kind, text) TokenInfo{text, Class::Varying},
#define TILE_KEYWORD(kind, text) TokenInfo{text, Class::Keyword},
#define TILE_ELEMENT(kind, text) TokenInfo{text, Class::Element},
#define TILE_SYMBOL(kind, text) TokenInfo{text, Class::Symbol},
#include "compiler/lex/token.def"
};

const TokenInfo& info(TokenKind kind) { return tokens_table[static_cast<std::size_t>(kind)]; }

constexpr std::size_t quoted_length = 40;  // of a longer token, messages show the beginning

std::string quote(std::string_view text) {
  if (text.size() <= quoted_length) return fmt::format("`{}`", text);
  std::size_t cut = quoted_length;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
  return fmt::format("`{}...`", text.substr(0, cut));
}

}  // namespace

std::string_view text(TokenKind kind) { return info(kind).text; }

bool is_keyword(TokenKind kind) {
  return info(kind).token_class == Class::Keyword || is_element_type(kind);
}

bool is_element_type(TokenKind kind) { return info(kind).token_class == Class::Element; }

bool is_symbol(TokenKind kind) { return info(kind).token_class == Class::Symbol; }

std::string describe(const SourceSet& sources, FileId file, const Token& token) {
  if (is_keyword(token.kind) || is_symbol(token.kind)) return quote(text(token.kind));
  std::string_view written = sources.text({file, token.begin, token.end});
  if (token.kind == TokenKind::String) return "a string";
  if (token.kind == TokenKind::Doc) return "a doc comment";
  bool is_shown = token.kind == TokenKind::Name || token.kind == TokenKind::Integer ||
                  token.kind == TokenKind::Float;
  return is_shown ? fmt::format("{} {}", text(token.kind), quote(written))
                  : std::string(text(token.kind));
}

std::string print(const SourceSet& sources, FileId file, const Tokens& tokens) {
  std::string out;
  for (const Token& token : tokens) {
    LineColumn at = sources.line_column(file, token.begin);
    fmt::format_to(std::back_inserter(out), "{}:{} ", at.line, at.column);
    if (is_keyword(token.kind) || is_symbol(token.kind)) {
      fmt::format_to(std::back_inserter(out), "`{}`\n", text(token.kind));
    } else if (token.kind == TokenKind::End) {
      out += "end of file\n";
    } else {
      fmt::format_to(std::back_inserter(out), "{} {}\n", text(token.kind),
                     sources.text({file, token.begin, token.end}));
    }
  }
  return out;
}

}  // namespace tile
