// See parser.h. Token handling and recovery; the grammar is in the other files.
#include "compiler/parse/parser.h"

#include <fmt/format.h>

#include <algorithm>

namespace tile {

Ast parse(const SourceSet& sources, FileId file, const Tokens& tokens, Diagnostics& diagnostics) {
  return Parser(sources, file, tokens, diagnostics).run();
}

Parser::Parser(const SourceSet& sources, FileId file, const Tokens& tokens,
               Diagnostics& diagnostics)
    : sources_(sources), file_(file), tokens_(tokens), diagnostics_(diagnostics) {
  if (tokens_.empty() || tokens_.back().kind != TokenKind::End) tokens_.emplace_back();
  ast_.file = file;
}

Ast Parser::run() {
  check_docs();
  module();
  return std::move(ast_);
}

// A doc comment belongs to an item; those that document nothing are reported and taken out, so that
// no rule has to expect them.
void Parser::check_docs() {
  auto starts_item = [](TokenKind kind) {
    return kind == TokenKind::Kernel || kind == TokenKind::Fn || kind == TokenKind::NoInline ||
           kind == TokenKind::Schedule || kind == TokenKind::Instantiate;
  };
  Tokens kept;
  kept.reserve(tokens_.size());
  for (std::size_t i = 0; i < tokens_.size();) {
    std::size_t end = i;
    while (tokens_[end].kind == TokenKind::Doc) ++end;
    if (end > i && !starts_item(tokens_[end].kind)) {
      diagnostics_.report(span_of(tokens_[i]), Kind::MisplacedDoc)
          .help("write `//` for a plain comment");
      i = end;
    }
    end = std::max(end, i + 1);
    kept.insert(kept.end(), tokens_.begin() + static_cast<std::ptrdiff_t>(i),
                tokens_.begin() + static_cast<std::ptrdiff_t>(end));
    i = end;
  }
  tokens_ = std::move(kept);
}

const Token& Parser::peek(std::size_t ahead) const {
  return tokens_[std::min(position_ + ahead, tokens_.size() - 1)];
}

bool Parser::at_word(std::string_view word, std::size_t ahead) const {
  const Token& token = peek(ahead);
  return !is_panicking_ && token.kind == TokenKind::Name && sources_.text(span_of(token)) == word;
}

bool Parser::at_one_of(std::initializer_list<TokenKind> kinds) const {
  return !is_panicking_ && std::find(kinds.begin(), kinds.end(), kind()) != kinds.end();
}

bool Parser::accept(TokenKind kind) {
  if (!at(kind)) return false;
  advance();
  return true;
}

Span Parser::advance() {
  Span span = here();
  if (position_ + 1 < tokens_.size()) ++position_;
  return span;
}

bool Parser::expect(TokenKind kind) {
  if (accept(kind)) return true;
  bool is_varying = !is_keyword(kind) && !is_symbol(kind);
  fail(Kind::ExpectedToken,
       is_varying ? fmt::format("a {}", text(kind)) : fmt::format("`{}`", text(kind)));
  return false;
}

void Parser::expect_word(std::string_view word) {
  if (at_word(word)) {
    advance();
  } else {
    fail(Kind::ExpectedToken, fmt::format("`{}`", word));
  }
}

// A forgotten `;` at the end of a line is reported, but nothing has to be skipped.
void Parser::expect_semicolon() {
  if (accept(TokenKind::Semicolon) || is_panicking_) return;
  bool can_go_on = is_on_new_line() || at(TokenKind::RightBrace);
  fail(Kind::ExpectedToken, "`;`");
  if (can_go_on && !has_given_up_) is_panicking_ = false;
}

void Parser::close(TokenKind kind, Span opening) {
  if (accept(kind) || is_panicking_) return;
  if (at(TokenKind::End)) {
    diagnostics_.report(opening, Kind::UnclosedDelimiter, sources_.text(opening));
    give_up();
    return;
  }
  std::string expected = fmt::format("`{}`", text(kind));
  bool is_known = peek().kind == TokenKind::Error;
  if (!is_known) {
    auto report = diagnostics_.report(here(), Kind::ExpectedToken, expected,
                                      describe(sources_, file_, peek()));
    report.note(opening, fmt::format("to close this `{}`", sources_.text(opening)));
  }
  panic();
}

/// From the beginning of `first` to the end of the last token read.
Span Parser::since(Span first) const {
  std::uint32_t end = position_ > 0 ? tokens_[position_ - 1].end : first.end;
  return {file_, first.begin, std::max(end, first.end)};
}

Name Parser::name() {
  if (at(TokenKind::Name)) return name_at(advance());
  fail(Kind::ExpectedToken, "a name");
  return {};
}

Name Parser::name_at(Span span) {
  std::string_view text = sources_.text(span);
  auto found = names_.find(text);
  if (found == names_.end()) {
    std::string_view kept = ast_.keep(text);
    found = names_.emplace(kept, kept).first;
  }
  return {found->second, span};
}

/// Reports the next token (unless the lexer has) and starts a panic. `expected` fills the first of
/// the two holes of ExpectedToken; the other kinds have one.
void Parser::fail(Kind kind, std::string_view expected) {
  if (is_panicking_) return;
  const Token& token = peek();
  panic();
  if (token.kind == TokenKind::Error) return;
  std::string found = describe(sources_, file_, token);
  if (expected.empty()) {
    diagnostics_.report(here(), kind, found);
    return;
  }
  Span span = here();
  if (expected == "`;`" && position_ > 0 && is_on_new_line()) {
    span.begin = span.end = tokens_[position_ - 1].end;
  }
  diagnostics_.report(span, kind, expected, found);
}

/// Remembers `opening` when the `}` that comes next begins a line with another indentation than the
/// line of `opening`: then it was probably meant for an outer brace.
void Parser::suspect_brace(Span opening) {
  if (!suspect_.file.is_none() || !is_on_new_line()) return;
  std::string_view text = sources_.file(file_).text;
  auto indentation = [&](std::uint32_t offset) {
    std::size_t line = offset - (sources_.line_column(file_, offset).column - 1);
    return text.find_first_not_of(" \t", line) - line;
  };
  if (indentation(opening.begin) != indentation(here().begin)) suspect_ = opening;
}

/// One message for all open braces of an item.
void Parser::report_unclosed(Span opening) {
  if (is_unclosed_) return;
  is_unclosed_ = true;
  auto report = diagnostics_.report(opening, Kind::UnclosedDelimiter, "{");
  if (!suspect_.file.is_none()) {
    report.note(suspect_, "the `}` of this one is indented differently, so it may be the open one");
  }
}

/// Ends the parse: what follows would only give consequences.
void Parser::give_up() {
  panic();
  has_given_up_ = true;
  position_ = tokens_.size() - 1;
}

void Parser::enter() {
  if (++depth_ <= nesting_limit || has_given_up_) return;
  diagnostics_.report(here(), Kind::NestingTooDeep, nesting_limit);
  give_up();
}

bool Parser::is_on_new_line() const {
  if (position_ == 0) return true;
  return sources_.line_column(file_, tokens_[position_ - 1].end).line <
         sources_.line_column(file_, peek().begin).line;
}

/// At the first token of an item. Works in a panic too.
bool Parser::at_item() const {
  TokenKind token = kind();
  // `const F: fn` is a kind of parameter.
  if (token == TokenKind::Fn) return peek(1).kind == TokenKind::Name;
  return token == TokenKind::Doc || token == TokenKind::Kernel || token == TokenKind::NoInline ||
         token == TokenKind::Schedule || token == TokenKind::Instantiate;
}

bool Parser::at_statement_keyword() const {
  return at_one_of({TokenKind::Let, TokenKind::Var, TokenKind::For, TokenKind::While, TokenKind::If,
                    TokenKind::Return, TokenKind::Break});
}

/// Ends a panic inside a block: behind the `;` or the `{...}` that ends the broken statement, or
/// before the next statement keyword, the block's `}` or an item. `start`: where the statement
/// began.
void Parser::skip_statement(std::size_t start) {
  if (has_given_up_) return;
  is_panicking_ = false;
  if (diagnostics_.is_full()) return give_up();
  int open_braces = 0;
  for (;; advance()) {
    if (at(TokenKind::End) || at_item()) return;
    if (open_braces == 0 && position_ > start && at_statement_keyword()) return;
    if (at(TokenKind::LeftBrace)) ++open_braces;
    if (at(TokenKind::RightBrace)) {
      if (open_braces == 0) return;
      if (--open_braces == 0 && peek(1).kind != TokenKind::Else) break;
    }
    if (open_braces == 0 && at(TokenKind::Semicolon)) break;
  }
  advance();
}

/// Ends a panic between items: goes to the next one.
void Parser::skip_item(std::size_t start) {
  if (has_given_up_) return;
  is_panicking_ = false;
  if (diagnostics_.is_full()) return give_up();
  while (!at(TokenKind::End) && (position_ == start || !at_item())) advance();
}

}  // namespace tile
