// See lexer.h.
#include "compiler/lex/lexer.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <unordered_map>
#include <utility>

#include "compiler/lex/utf8.h"

namespace tile {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

constexpr std::pair<std::string_view, TokenKind> symbols[] = {
#define TILE_KEYWORD(kind, text)
#define TILE_SYMBOL(kind, text) {text, TokenKind::kind},
#include "compiler/lex/token.def"
};

TokenKind name_or_keyword(std::string_view text) {
  static const std::unordered_map<std::string_view, TokenKind> keywords = {
#define TILE_KEYWORD(kind, text) {text, TokenKind::kind},
#define TILE_SYMBOL(kind, text)
#include "compiler/lex/token.def"
  };
  auto found = keywords.find(text);
  return found == keywords.end() ? TokenKind::Name : found->second;
}

std::string without_separators(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c != '_') result += c;
  }
  return result;
}

/// One file's scan. `position_` is the next unread byte.
class Lexer {
 public:
  Lexer(const SourceSet& sources, FileId file, Diagnostics& diagnostics)
      : file_(file), text_(sources.file(file).text), diagnostics_(diagnostics) {}

  Tokens run() {
    if (text_.starts_with("\xef\xbb\xbf")) position_ = 3;
    while (position_ < text_.size()) token();
    add(TokenKind::End, position_);
    return std::move(tokens_);
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }
  std::string_view since(std::size_t begin) const { return text_.substr(begin, position_ - begin); }
  Span span(std::size_t begin) const {
    return {file_, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(position_)};
  }
  void add(TokenKind kind, std::size_t begin) {
    tokens_.push_back(
        {kind, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(position_)});
  }

  void token() {
    char c = peek();
    if (is_blank(c)) {
      ++position_;
    } else if (is_name_start(c)) {
      name();
    } else if (is_digit(c)) {
      number();
    } else if (c == '"') {
      string();
    } else if (c == '/' && peek(1) == '/') {
      comment();
    } else if (c == '/' && peek(1) == '*') {
      block_comment();
    } else if (!symbol()) {
      unknown_character();
    }
  }

  void name();
  void number();
  void digits(bool (*is_part)(char));
  void string();
  void comment();
  void block_comment();
  bool symbol();
  void unknown_character();

  FileId file_;
  std::string_view text_;
  Diagnostics& diagnostics_;
  std::size_t position_ = 0;
  Tokens tokens_;
};

void Lexer::name() {
  std::size_t begin = position_;
  while (is_name_part(peek())) ++position_;
  std::size_t length = position_ - begin;
  if (length > identifier_length_limit) {
    diagnostics_.report(span(begin), Kind::IdentifierTooLong, length, identifier_length_limit);
  }
  add(name_or_keyword(since(begin)), begin);
}

void Lexer::digits(bool (*is_part)(char)) {
  while (is_part(peek()) || (peek() == '_' && is_part(peek(1)))) ++position_;
}

// integer := [0-9]+ | 0x[0-9a-fA-F]+ | 0b[01]+
// float := digits "." digits [exponent] | digits exponent
// "_" may separate digits. A point that is not followed by a digit belongs to a range ("0..n").
void Lexer::number() {
  std::size_t begin = position_;
  TokenKind kind = TokenKind::Integer;
  std::string_view problem;
  bool is_prefixed = peek() == '0' && (peek(1) == 'x' || peek(1) == 'b');
  if (is_prefixed) {
    bool is_hex = peek(1) == 'x';
    position_ += 2;
    std::size_t first = position_;
    digits(is_hex ? is_hex_digit : [](char c) { return c == '0' || c == '1'; });
    if (position_ == first) problem = "digits are missing after the prefix";
  } else {
    digits(is_digit);
    if (position_ - begin > 1 && text_[begin] == '0') problem = "it starts with 0";
    if (peek() == '.' && peek(1) != '.') {
      kind = TokenKind::Float;
      problem = "";
      ++position_;
      if (!is_digit(peek())) problem = "a digit must follow the point";
      digits(is_digit);
    }
    if (peek() == 'e' || peek() == 'E') {
      kind = TokenKind::Float;
      ++position_;
      if (peek() == '+' || peek() == '-') ++position_;
      if (!is_digit(peek())) problem = "the exponent has no digits";
      digits(is_digit);
    }
  }
  if (is_name_part(peek())) {
    while (is_name_part(peek())) ++position_;
    if (problem.empty()) problem = "letters follow the digits";
  }
  std::string_view text = since(begin);
  if (!problem.empty()) {
    diagnostics_.report(span(begin), Kind::MalformedNumber, text, problem);
  } else if (kind == TokenKind::Integer && !integer_value(text)) {
    diagnostics_.report(span(begin), Kind::IntegerOutOfRange, text);
  } else if (kind == TokenKind::Float && !float_value(text).is_in_range) {
    diagnostics_.report(span(begin), Kind::FloatOutOfRange, text)
        .note("the largest value is 3.4028235e38, the smallest above zero 1e-45");
  }
  add(kind, begin);
}

void Lexer::string() {
  std::size_t begin = position_++;
  while (peek() != '"') {
    if (position_ >= text_.size() || peek() == '\n' || peek() == '\r') {
      diagnostics_.report(span(begin), Kind::UnterminatedString);
      add(TokenKind::Error, begin);
      return;
    }
    if (peek() == '\\') {
      char escape = peek(1);
      std::size_t at = position_++;
      if (escape != 'n' && escape != 't' && escape != '\\' && escape != '"') {
        bool is_end = escape == '\n' || escape == '\r' || position_ >= text_.size();
        if (is_end) continue;
        Character character = decode(text_, position_);
        position_ += static_cast<std::size_t>(character.length);
        diagnostics_.report(span(at), Kind::UnknownEscape, since(at + 1))
            .help("the escapes are `\\n`, `\\t`, `\\\\` and `\\\"`");
        continue;
      }
    }
    ++position_;
  }
  ++position_;
  add(TokenKind::String, begin);
}

// "///" documents the next item; "////" and "//" are dropped.
void Lexer::comment() {
  std::size_t begin = position_;
  std::size_t end = text_.find('\n', position_);
  position_ = end == std::string_view::npos ? text_.size() : end;
  std::string_view line = since(begin);
  bool is_doc = line.starts_with("///") && !line.starts_with("////");
  if (is_doc) {
    std::size_t next = position_;
    if (line.ends_with('\r')) --position_;
    add(TokenKind::Doc, begin);
    position_ = next;
  }
}

void Lexer::block_comment() {
  std::size_t begin = position_;
  position_ += 2;
  Span opening = span(begin);
  std::size_t end = text_.find("*/", position_);
  position_ = end == std::string_view::npos ? text_.size() : end + 2;
  diagnostics_.report(opening, Kind::BlockComment).help("begin each line with `//`");
}

bool Lexer::symbol() {
  for (const auto& [text, kind] : symbols) {
    if (text_.substr(position_).starts_with(text)) {
      std::size_t begin = position_;
      position_ += text.size();
      add(kind, begin);
      return true;
    }
  }
  return false;
}

// A whole run of them gives one message (a sentence pasted in another script, say).
void Lexer::unknown_character() {
  std::size_t begin = position_;
  Character first = decode(text_, position_);
  position_ += static_cast<std::size_t>(first.length);
  if (is_bidi_control(first.code)) return;  // reported by check_characters
  Span place = span(begin);
  while (static_cast<unsigned char>(peek()) >= 0x80) ++position_;
  bool is_printable = first.code >= 0x21 && first.code < 0x7f;
  std::string shown = is_printable ? fmt::format("`{}`", static_cast<char>(first.code))
                                   : fmt::format("U+{:04X}", static_cast<unsigned>(first.code));
  diagnostics_.report(place, Kind::UnknownCharacter, shown);
  add(TokenKind::Error, begin);
}

}  // namespace

Tokens lex(const SourceSet& sources, FileId file, Diagnostics& diagnostics) {
  std::size_t size = sources.file(file).text.size();
  if (size > file_size_limit) {
    diagnostics.report({file, 0, 0}, Kind::FileTooLarge, size, file_size_limit);
    return {Token{}};
  }
  if (!check_characters(sources, file, diagnostics)) return {Token{}};
  return Lexer(sources, file, diagnostics).run();
}

std::optional<std::uint64_t> integer_value(std::string_view text) {
  int base = text.starts_with("0x") ? 16 : text.starts_with("0b") ? 2 : 10;
  std::string digits = without_separators(base == 10 ? text : text.substr(2));
  std::uint64_t value = 0;
  auto result = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
  if (result.ec != std::errc()) return std::nullopt;
  return value;
}

FloatValue float_value(std::string_view text) {
  std::string digits = without_separators(text);
  FloatValue value;
  const char* end = digits.data() + digits.size();
  bool is_single = std::from_chars(digits.data(), end, value.single).ec == std::errc();
  bool is_double = std::from_chars(digits.data(), end, value.real).ec == std::errc();
  bool is_flushed = value.single == 0 && value.real != 0;
  value.is_in_range = is_single && is_double && !is_flushed && std::isfinite(value.single);
  return value;
}

std::string string_value(std::string_view text) {
  std::string value;
  if (text.size() > 1 && text.ends_with('"')) text.remove_suffix(1);
  for (std::size_t i = 1; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\\' && i + 1 < text.size()) {
      c = text[++i];
      if (c == 'n') c = '\n';
      if (c == 't') c = '\t';
    }
    value += c;
  }
  return value;
}

}  // namespace tile
