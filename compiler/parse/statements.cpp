// Blocks and statements.
#include <optional>

#include "compiler/parse/parser.h"

namespace tile {
namespace {

std::optional<AssignOp> assign_op(TokenKind token) {
  if (token == TokenKind::Equal) return AssignOp::Plain;
  if (token == TokenKind::PlusEqual) return AssignOp::Add;
  if (token == TokenKind::MinusEqual) return AssignOp::Subtract;
  if (token == TokenKind::StarEqual) return AssignOp::Multiply;
  if (token == TokenKind::SlashEqual) return AssignOp::Divide;
  return std::nullopt;
}

}  // namespace

// block := "{" statement* "}"
Block Parser::block() {
  Level level(*this);
  Block block;
  Span opening = here();
  expect(TokenKind::LeftBrace);
  std::vector<StmtId> statements;
  while (!is_panicking_ && !at(TokenKind::RightBrace)) {
    if (at(TokenKind::End) || at_item()) {
      report_unclosed(opening);
      break;
    }
    std::size_t start = position_;
    statement(statements);
    if (is_panicking_) skip_statement(start);
  }
  if (at(TokenKind::RightBrace)) suspect_brace(opening);
  accept(TokenKind::RightBrace);
  block.statements = ast_.add_list(statements);
  block.span = since(opening);
  return block;
}

// statement := let | for | while | if | return | break | simple
void Parser::statement(std::vector<StmtId>& out) {
  Span first = here();
  Stmt stmt;
  if (at_one_of({TokenKind::Let, TokenKind::Var})) {
    stmt = let_statement();
  } else if (at(TokenKind::For)) {
    stmt = for_statement();
  } else if (at(TokenKind::While)) {
    stmt = while_statement();
  } else if (at(TokenKind::If)) {
    stmt = if_statement();
  } else if (at(TokenKind::Return)) {
    stmt = return_statement();
  } else if (at(TokenKind::Break)) {
    stmt = break_statement();
  } else {
    stmt = simple_statement();
  }
  if (is_panicking_) return;
  stmt.span = since(first);
  out.push_back(ast_.add(stmt));
}

// let := ("let" | "var") pattern [":" type] "=" expression ";"
// pattern := NAME | "(" NAME {"," NAME} ")"
Stmt Parser::let_statement() {
  Stmt stmt;
  stmt.kind = Stmt::Kind::Let;
  stmt.is_var = at(TokenKind::Var);
  advance();
  std::vector<Name> names;
  if (at(TokenKind::LeftParen)) {
    Span opening = advance();
    stmt.is_tuple = true;
    names = comma_list<Name>(TokenKind::RightParen, &Parser::name);
    if (names.empty()) fail(Kind::ExpectedToken, "a name");
    close(TokenKind::RightParen, opening);
  } else {
    names.push_back(name());
  }
  stmt.names = ast_.add_list(names);
  if (accept(TokenKind::Colon)) stmt.type = type();
  expect(TokenKind::Equal);
  stmt.value = expression();
  expect_semicolon();
  return stmt;
}

// for := "for" ["const"] NAME "in" expression ".." expression ["step" expression] block
Stmt Parser::for_statement() {
  Stmt stmt;
  stmt.kind = Stmt::Kind::For;
  advance();
  stmt.is_const = accept(TokenKind::Const);
  stmt.name = name();
  expect(TokenKind::In);
  stmt.begin = expression();
  expect(TokenKind::DotDot);
  stmt.end = expression();
  if (at_word("step")) {
    advance();
    stmt.step = expression();
  }
  stmt.body = block();
  return stmt;
}

// while := "while" expression block
Stmt Parser::while_statement() {
  Stmt stmt;
  stmt.kind = Stmt::Kind::While;
  advance();
  stmt.value = expression();
  stmt.body = block();
  return stmt;
}

// if := "if" ["const"] expression block ["else" (block | if)]
Stmt Parser::if_statement() {
  Level level(*this);
  Stmt stmt;
  stmt.kind = Stmt::Kind::If;
  Span first = advance();
  stmt.is_const = accept(TokenKind::Const);
  stmt.value = expression();
  stmt.body = block();
  if (accept(TokenKind::Else)) {
    stmt.has_else = true;
    if (at(TokenKind::If)) {
      Span inner_first = here();
      Stmt inner = if_statement();
      inner.span = since(inner_first);
      stmt.otherwise.span = inner.span;
      stmt.otherwise.statements = ast_.add_list(std::vector<StmtId>{ast_.add(inner)});
    } else {
      stmt.otherwise = block();
    }
  }
  stmt.span = since(first);
  return stmt;
}

// return := "return" [expression {"," expression}] ";"
Stmt Parser::return_statement() {
  Stmt stmt;
  stmt.kind = Stmt::Kind::Return;
  advance();
  stmt.values = ast_.add_list(comma_list<ExprId>(TokenKind::Semicolon, &Parser::expression));
  expect_semicolon();
  return stmt;
}

// break := "break" ";"
Stmt Parser::break_statement() {
  Stmt stmt;
  stmt.kind = Stmt::Kind::Break;
  advance();
  expect_semicolon();
  return stmt;
}

// simple := expression ";" | assignment
Stmt Parser::simple_statement() {
  Stmt stmt;
  bool can_begin =
      at_element_type() ||
      at_one_of({TokenKind::Name, TokenKind::Integer, TokenKind::Float, TokenKind::LeftParen,
                 TokenKind::Minus, TokenKind::Bang, TokenKind::Tilde});
  if (!can_begin) {
    fail(Kind::ExpectedStatement);
    return stmt;
  }
  Span first = here();
  ExprId value = expression();
  if (assign_op(kind()) && !is_panicking_) return assignment(value);
  stmt.kind = Stmt::Kind::Expr;
  stmt.value = value;
  Span span = since(first);
  expect_semicolon();
  if (is_panicking_) return stmt;
  if (ast_[value].kind != Expr::Kind::Call) {
    auto report = diagnostics_.report(span, Kind::NotAStatement);
    bool is_equal = ast_[value].kind == Expr::Kind::Binary && ast_[value].binary == BinaryOp::Equal;
    if (is_equal) report.help("write `=` to assign");
  }
  return stmt;
}

// assignment := target ("=" | "+=" | "-=" | "*=" | "/=") expression ";"
// target := NAME | NAME "[" index {"," index} "]"
Stmt Parser::assignment(ExprId target_id) {
  Stmt stmt;
  const Expr target = ast_[target_id];
  stmt.target_span = target.span;
  bool is_element = target.kind == Expr::Kind::Subscript && target.pad.is_none() &&
                    ast_[target.base].kind == Expr::Kind::NameRef;
  if (target.kind == Expr::Kind::NameRef) {
    stmt.kind = Stmt::Kind::Assign;
    stmt.name = target.name;
  } else if (is_element) {
    stmt.kind = Stmt::Kind::Store;
    stmt.name = ast_[target.base].name;
    stmt.indices = target.indices;
  } else {
    diagnostics_.report(target.span, Kind::InvalidTarget)
        .help("the left side is a variable, or a tensor with one index per dimension");
  }
  stmt.assign = *assign_op(kind());
  advance();
  stmt.value = expression();
  expect_semicolon();
  return stmt;
}

}  // namespace tile
