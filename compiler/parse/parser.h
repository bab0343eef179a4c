// The recursive-descent parser: one member function per grammar rule, defined by topic in
// declarations.cpp, statements.cpp, expressions.cpp and types.cpp. Private to this folder.
//
// Mistakes: the first one in a statement is reported and starts a panic, in which no token matches,
// so every rule returns at once without a message; the block (or module) that holds the statement
// skips to its end and ends the panic.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/parse/parse.h"

namespace tile {

class Parser {
 public:
  Parser(const SourceSet& sources, FileId file, const Tokens& tokens, Diagnostics& diagnostics);

  Ast run();

 private:
  /// Counts one level of nesting while it lives; too deep is fatal (see give_up).
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) { parser_.enter(); }
    ~Level() { --parser_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& parser_;
  };

  // declarations.cpp
  void module();
  void item();
  std::string_view docs();
  void kernel(std::string_view doc);
  void function(std::string_view doc);
  void schedule(std::string_view doc);
  void schedule_entry(std::vector<ScheduleSetting>& settings, std::vector<SearchRange>& search);
  SearchRange search_range();
  void instantiation();
  Name target();
  List<GenericParameter> generic_parameters();
  GenericParameter generic_parameter();
  GenericKind generic_kind(Name name);
  List<Parameter> parameters();
  List<ExprId> grid(Name kernel, Span& span);
  List<TypeSyntax> results();

  // types.cpp
  TypeSyntax type();
  TypeSyntax::Access access(std::string_view& reason);
  Name element();
  void shape(TypeSyntax& type);

  // statements.cpp
  Block block();
  void statement(std::vector<StmtId>& out);
  Stmt let_statement();
  Stmt for_statement();
  Stmt while_statement();
  Stmt if_statement();
  Stmt return_statement();
  Stmt break_statement();
  Stmt simple_statement();
  Stmt assignment(ExprId target);

  // expressions.cpp
  ExprId expression();
  ExprId binary(int lowest);
  ExprId unary();
  ExprId postfix();
  ExprId subscript(ExprId base);
  Index index();
  ExprId primary();
  ExprId literal();
  ExprId name_or_call();
  ExprId cast_or_type();
  ExprId parenthesized();
  List<GenericArgument> generic_arguments();
  GenericArgument generic_argument();
  bool at_generic_arguments() const;
  ExprId constant_expression();
  ExprId error_expr();
  ExprId add(const Expr& expr);
  int height(const Expr& expr) const;

  // parser.cpp: tokens
  const Token& peek(std::size_t ahead = 0) const;
  TokenKind kind() const { return peek().kind; }
  bool at(TokenKind kind) const { return !is_panicking_ && peek().kind == kind; }
  bool at_one_of(std::initializer_list<TokenKind> kinds) const;
  bool at_element_type() const { return !is_panicking_ && is_element_type(kind()); }
  bool at_word(std::string_view word, std::size_t ahead = 0) const;
  bool at_item() const;
  bool at_statement_keyword() const;
  bool accept(TokenKind kind);
  bool expect(TokenKind kind);
  void expect_word(std::string_view word);
  void expect_semicolon();
  void close(TokenKind kind, Span opening);
  Span advance();
  Span here() const { return span_of(peek()); }
  Span since(Span first) const;
  Span span_of(const Token& token) const { return {file_, token.begin, token.end}; }
  Name name();
  Name name_at(Span span);

  // parser.cpp: mistakes
  void fail(Kind kind, std::string_view expected = {});
  void panic() { is_panicking_ = true; }
  void give_up();
  void enter();
  void skip_statement(std::size_t start);
  void skip_item(std::size_t start);
  void suspect_brace(Span opening);
  void report_unclosed(Span opening);
  bool is_on_new_line() const;
  void check_docs();

  /// `one {"," one} [","]` up to a closing token that is not consumed.
  template <class T, class Rule>
  std::vector<T> comma_list(TokenKind closing, Rule one) {
    std::vector<T> list;
    while (!is_panicking_ && !at(closing)) {
      list.push_back((this->*one)());
      if (!accept(TokenKind::Comma)) break;
    }
    return list;
  }

  const SourceSet& sources_;
  FileId file_;
  Tokens tokens_;
  Diagnostics& diagnostics_;
  Ast ast_;
  std::size_t position_ = 0;
  int depth_ = 0;
  bool is_panicking_ = false;
  bool has_given_up_ = false;
  Span suspect_;              // the first `{` of the item whose `}` is indented differently
  bool is_unclosed_ = false;  // an open `{` was reported; enclosing blocks stay silent
  std::vector<std::uint16_t> heights_;  // of each expression, to bound the tree
  std::unordered_map<std::string_view, std::string_view> names_;
};

}  // namespace tile
