// Expressions: precedence climbing over the table below, then unary and postfix operators.
#include <algorithm>
#include <limits>

#include "compiler/lex/lexer.h"
#include "compiler/parse/parser.h"

namespace tile {
namespace {

struct Operator {
  TokenKind token;
  BinaryOp op;
  int precedence;  // higher binds tighter
};

constexpr int comparison = 3;  // the one level that does not chain
constexpr int above_comparison = 4;

constexpr Operator operators[] = {
    {TokenKind::OrOr, BinaryOp::Or, 1},
    {TokenKind::AndAnd, BinaryOp::And, 2},
    {TokenKind::EqualEqual, BinaryOp::Equal, comparison},
    {TokenKind::NotEqual, BinaryOp::NotEqual, comparison},
    {TokenKind::Less, BinaryOp::Less, comparison},
    {TokenKind::LessEqual, BinaryOp::LessEqual, comparison},
    {TokenKind::Greater, BinaryOp::Greater, comparison},
    {TokenKind::GreaterEqual, BinaryOp::GreaterEqual, comparison},
    {TokenKind::Pipe, BinaryOp::BitOr, above_comparison},
    {TokenKind::Caret, BinaryOp::BitXor, 5},
    {TokenKind::Ampersand, BinaryOp::BitAnd, 6},
    {TokenKind::ShiftLeft, BinaryOp::ShiftLeft, 7},
    {TokenKind::ShiftRight, BinaryOp::ShiftRight, 7},
    {TokenKind::Plus, BinaryOp::Add, 8},
    {TokenKind::Minus, BinaryOp::Subtract, 8},
    {TokenKind::Star, BinaryOp::Multiply, 9},
    {TokenKind::Slash, BinaryOp::Divide, 9},
    {TokenKind::Percent, BinaryOp::Remainder, 9},
};

const Operator* binary_operator(TokenKind token) {
  for (const Operator& candidate : operators) {
    if (candidate.token == token) return &candidate;
  }
  return nullptr;
}

}  // namespace

// expression := binary operators from lowest to highest: || && comparison | ^ & shift + - * / %
ExprId Parser::expression() { return binary(1); }

// Before a closing `>`: comparisons need parentheses.
ExprId Parser::constant_expression() { return binary(above_comparison); }

ExprId Parser::binary(int lowest) {
  ExprId left = unary();
  int comparisons = 0;
  while (!is_panicking_) {
    const Operator* found = binary_operator(kind());
    if (!found || found->precedence < lowest) break;
    Expr expr;
    expr.kind = Expr::Kind::Binary;
    expr.binary = found->op;
    expr.operator_span = advance();
    if (found->precedence == comparison && ++comparisons == 2) {
      diagnostics_.report(expr.operator_span, Kind::ChainedComparison)
          .help("compare twice: `a < b && b < c`");
    }
    ExprId right = binary(found->precedence + 1);
    expr.span = join(ast_[left].span, ast_[right].span);
    expr.operands = ast_.add_list(std::vector<ExprId>{left, right});
    left = add(expr);
  }
  return left;
}

// unary := ("-" | "!" | "~") unary | postfix
ExprId Parser::unary() {
  Level level(*this);
  Expr expr;
  expr.kind = Expr::Kind::Unary;
  if (at(TokenKind::Minus)) {
    expr.unary = UnaryOp::Negate;
  } else if (at(TokenKind::Bang)) {
    expr.unary = UnaryOp::Not;
  } else if (at(TokenKind::Tilde)) {
    expr.unary = UnaryOp::BitNot;
  } else {
    return postfix();
  }
  expr.operator_span = advance();
  ExprId operand = unary();
  expr.span = join(expr.operator_span, ast_[operand].span);
  expr.operands = ast_.add_list(std::vector<ExprId>{operand});
  return add(expr);
}

// postfix := primary {"[" index {"," index} "]" ["pad" unary]}
ExprId Parser::postfix() {
  ExprId expr = primary();
  while (at(TokenKind::LeftBracket)) expr = subscript(expr);
  if (at_word("pad")) {
    diagnostics_.report(here(), Kind::PadWithoutIndex);
    advance();
    unary();
  }
  return expr;
}

ExprId Parser::subscript(ExprId base) {
  Expr expr;
  expr.kind = Expr::Kind::Subscript;
  expr.base = base;
  Span opening = advance();
  expr.indices = ast_.add_list(comma_list<Index>(TokenKind::RightBracket, &Parser::index));
  close(TokenKind::RightBracket, opening);
  if (at_word("pad")) {
    advance();
    expr.pad = unary();
  }
  expr.span = since(ast_[base].span);
  return add(expr);
}

// index := expression ["+:" expression] | ":" | "None"
Index Parser::index() {
  Index index;
  Span first = here();
  if (accept(TokenKind::None)) {
    index.kind = Index::Kind::NewAxis;
  } else if (accept(TokenKind::Colon)) {
    index.kind = Index::Kind::Full;
  } else {
    index.start = expression();
    if (accept(TokenKind::PlusColon)) {
      index.kind = Index::Kind::Range;
      index.extent = expression();
    } else if (at(TokenKind::Colon)) {
      diagnostics_.report(here(), Kind::ColonSlice).help("write `start +: extent`");
      advance();
      if (!at(TokenKind::RightBracket) && !at(TokenKind::Comma)) expression();
    }
  }
  index.span = since(first);
  return index;
}

ExprId Parser::primary() {
  if (at(TokenKind::Name)) return name_or_call();
  if (at(TokenKind::LeftParen)) return parenthesized();
  if (at_one_of({TokenKind::Integer, TokenKind::Float, TokenKind::Inf, TokenKind::Nan,
                 TokenKind::True, TokenKind::False, TokenKind::String})) {
    return literal();
  }
  if (at_element_type()) return cast_or_type();
  fail(Kind::ExpectedExpression);
  return error_expr();
}

// literal := INTEGER | FLOAT | "inf" | "nan" | "true" | "false" | STRING
ExprId Parser::literal() {
  Expr expr;
  TokenKind token = kind();
  expr.span = advance();
  std::string_view written = sources_.text(expr.span);
  expr.text = ast_.keep(written);
  if (token == TokenKind::Integer) {
    expr.kind = Expr::Kind::Integer;
    expr.integer = integer_value(written).value_or(0);
  } else if (token == TokenKind::Float) {
    expr.kind = Expr::Kind::Float;
    FloatValue value = float_value(written);
    expr.single = value.single;
    expr.real = value.real;
  } else if (token == TokenKind::String) {
    expr.kind = Expr::Kind::String;
    expr.text = ast_.keep(string_value(written));
  } else if (token == TokenKind::True || token == TokenKind::False) {
    expr.kind = Expr::Kind::Bool;
    expr.boolean = token == TokenKind::True;
  } else {
    expr.kind = Expr::Kind::Float;
    bool is_inf = token == TokenKind::Inf;
    using Single = std::numeric_limits<float>;
    expr.single = is_inf ? Single::infinity() : Single::quiet_NaN();
    expr.real = expr.single;
  }
  return add(expr);
}

// name_or_call := NAME | NAME [generic_arguments] ["[" shape "]"] "(" arguments ")"
//               | NAME generic_arguments "[" shape "]"
ExprId Parser::name_or_call() {
  Expr expr;
  Span first = here();
  expr.name = name();
  expr.kind = Expr::Kind::NameRef;
  if (at_generic_arguments()) {
    expr.kind = Expr::Kind::Call;
    expr.generics = generic_arguments();
    if (at(TokenKind::LeftBracket)) {
      Span opening = advance();
      expr.has_shape = true;
      auto shape = comma_list<ExprId>(TokenKind::RightBracket, &Parser::expression);
      expr.shape = ast_.add_list(shape);
      close(TokenKind::RightBracket, opening);
    } else if (!at(TokenKind::LeftParen)) {
      fail(Kind::ExpectedToken, "`(` or `[`");
    }
  }
  if (at(TokenKind::LeftParen)) {
    Span opening = advance();
    expr.kind = Expr::Kind::Call;
    expr.has_arguments = true;
    auto arguments = comma_list<ExprId>(TokenKind::RightParen, &Parser::expression);
    expr.operands = ast_.add_list(arguments);
    close(TokenKind::RightParen, opening);
  }
  expr.span = since(first);
  return add(expr);
}

// cast := element "(" expression ")"; without parentheses it is a type as a generic argument
ExprId Parser::cast_or_type() {
  Expr expr;
  Span first = here();
  expr.name = name_at(advance());
  expr.kind = Expr::Kind::TypeName;
  if (at(TokenKind::LeftParen)) {
    Span opening = advance();
    expr.kind = Expr::Kind::Cast;
    ExprId operand = expression();
    expr.operands = ast_.add_list(std::vector<ExprId>{operand});
    close(TokenKind::RightParen, opening);
  }
  expr.span = since(first);
  return add(expr);
}

// parenthesized := "(" expression ")" | "(" expression "," expression {"," expression} ")"
ExprId Parser::parenthesized() {
  Span opening = advance();
  ExprId first = expression();
  if (!accept(TokenKind::Comma)) {
    close(TokenKind::RightParen, opening);
    if (!is_panicking_) ast_.edit(first).span = since(opening);
    return first;
  }
  std::vector<ExprId> parts{first, expression()};
  if (accept(TokenKind::Comma)) {
    auto more = comma_list<ExprId>(TokenKind::RightParen, &Parser::expression);
    parts.insert(parts.end(), more.begin(), more.end());
  }
  close(TokenKind::RightParen, opening);
  Expr expr;
  expr.kind = Expr::Kind::Tuple;
  expr.operands = ast_.add_list(parts);
  expr.span = since(opening);
  return add(expr);
}

// generic_arguments := "<" generic_argument {"," generic_argument} ">"
List<GenericArgument> Parser::generic_arguments() {
  Span opening = here();
  expect(TokenKind::Less);
  auto arguments = comma_list<GenericArgument>(TokenKind::Greater, &Parser::generic_argument);
  if (arguments.empty()) fail(Kind::ExpectedExpression);
  close(TokenKind::Greater, opening);
  return ast_.add_list(arguments);
}

// generic_argument := [NAME "="] (constant_expression | element)
GenericArgument Parser::generic_argument() {
  GenericArgument argument;
  Span first = here();
  if (at(TokenKind::Name) && peek(1).kind == TokenKind::Equal) {
    argument.name = name();
    advance();
  }
  argument.value = constant_expression();
  argument.span = since(first);
  return argument;
}

/// Whether `<` behind a name opens generic arguments. It does before `name =`, before a type that
/// is no cast, and before a single word or number that `>` and then `(` or `[` follow (as
/// comparisons that would be a chain, hence an error).
bool Parser::at_generic_arguments() const {
  if (!at(TokenKind::Less)) return false;
  TokenKind first = peek(1).kind;
  TokenKind second = peek(2).kind;
  TokenKind third = peek(3).kind;
  if (first == TokenKind::Greater) return true;
  if (first == TokenKind::Name && second == TokenKind::Equal) return true;
  bool is_simple = first == TokenKind::Name || first == TokenKind::Integer ||
                   first == TokenKind::True || first == TokenKind::False;
  if (is_element_type(first) && second != TokenKind::LeftParen) return true;
  return is_simple && second == TokenKind::Greater &&
         (third == TokenKind::LeftParen || third == TokenKind::LeftBracket);
}

ExprId Parser::error_expr() {
  Expr expr;
  expr.span = here();
  return add(expr);
}

ExprId Parser::add(const Expr& expr) {
  int levels = height(expr);
  if (levels > nesting_limit && !has_given_up_) {
    diagnostics_.report(expr.span, Kind::NestingTooDeep, nesting_limit);
    give_up();
  }
  heights_.push_back(static_cast<std::uint16_t>(std::min(levels, nesting_limit)));
  return ast_.add(expr);
}

/// Levels of the tree under and with this expression. A chain `a + a + ...` is as deep as it is
/// long.
int Parser::height(const Expr& expr) const {
  int below = 0;
  auto see = [&](ExprId id) {
    if (id) below = std::max<int>(below, heights_[id.index]);
  };
  for (ExprId id : ast_.items_of(expr.operands)) see(id);
  for (ExprId id : ast_.items_of(expr.shape)) see(id);
  for (const GenericArgument& argument : ast_.items_of(expr.generics)) see(argument.value);
  for (const Index& index : ast_.items_of(expr.indices)) {
    see(index.start);
    see(index.extent);
  }
  see(expr.base);
  see(expr.pad);
  return below + 1;
}

}  // namespace tile
