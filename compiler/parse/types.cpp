// Types as written: `f32`, `f32[...]`, `f32[BM, BN]`, `out tensor<f32>[M, N]`.
#include "compiler/lex/lexer.h"
#include "compiler/parse/parser.h"

namespace tile {

// type := [access] "tensor" "<" element ">" "[" [dims] "]" | element ["[" ("..." | dims) "]"]
TypeSyntax Parser::type() {
  TypeSyntax type;
  Span first = here();
  type.access = access(type.reason);
  if (at(TokenKind::Tensor)) {
    advance();
    type.is_tensor = true;
    expect(TokenKind::Less);
    type.element = element();
    expect(TokenKind::Greater);
    if (!at(TokenKind::LeftBracket)) fail(Kind::ExpectedToken, "`[`");
  } else if (type.access != TypeSyntax::Access::In) {
    fail(Kind::ExpectedToken, "`tensor`");
  } else {
    type.element = element();
  }
  shape(type);
  type.span = since(first);
  return type;
}

// access := "out" | "inout" | "unordered" "out" STRING
TypeSyntax::Access Parser::access(std::string_view& reason) {
  // The words are not reserved: a type named `out` is followed by no further word.
  bool is_followed = peek(1).kind == TokenKind::Tensor || peek(1).kind == TokenKind::Name ||
                     is_element_type(peek(1).kind);
  if (!is_followed) return TypeSyntax::Access::In;
  if (at_word("out")) {
    advance();
    return TypeSyntax::Access::Out;
  }
  if (at_word("inout")) {
    advance();
    return TypeSyntax::Access::InOut;
  }
  if (!at_word("unordered")) return TypeSyntax::Access::In;
  Span first = advance();
  expect_word("out");
  if (at(TokenKind::String)) {
    reason = ast_.keep(string_value(sources_.text(advance())));
  } else if (!is_panicking_) {
    diagnostics_.report(since(first), Kind::MissingReason)
        .help("say why the order of writes does not matter: `unordered out \"...\" tensor<...>`");
  }
  return TypeSyntax::Access::UnorderedOut;
}

// element := "bool" | "i8" | "i32" | "i64" | "u8" | "u32" | "u64" | "f32" | NAME
Name Parser::element() {
  if (at(TokenKind::Name) || at_element_type()) return name_at(advance());
  fail(Kind::ExpectedType);
  return {};
}

void Parser::shape(TypeSyntax& type) {
  if (!at(TokenKind::LeftBracket)) return;
  Span opening = advance();
  if (!type.is_tensor && accept(TokenKind::Ellipsis)) {
    type.shape = TypeSyntax::Shape::Any;
  } else {
    type.shape = TypeSyntax::Shape::Dims;
    auto dims = comma_list<ExprId>(TokenKind::RightBracket, &Parser::expression);
    if (dims.empty() && !type.is_tensor) fail(Kind::ExpectedExpression);
    type.dims = ast_.add_list(dims);
  }
  close(TokenKind::RightBracket, opening);
}

}  // namespace tile
