// Modules and their items: kernels, functions, schedules, instances.
#include <string>

#include "compiler/parse/parser.h"

namespace tile {

// module := item*
void Parser::module() {
  while (!at(TokenKind::End) && !has_given_up_) {
    std::size_t start = position_;
    is_unclosed_ = false;
    suspect_ = Span();
    item();
    if (is_panicking_) skip_item(start);
  }
}

// item := doc* (kernel | function | schedule | instantiation)
void Parser::item() {
  std::string_view doc = docs();
  if (at(TokenKind::Kernel)) {
    kernel(doc);
  } else if (at(TokenKind::Fn) || at(TokenKind::NoInline)) {
    function(doc);
  } else if (at(TokenKind::Schedule)) {
    schedule(doc);
  } else if (at(TokenKind::Instantiate)) {
    instantiation();
  } else {
    fail(Kind::ExpectedItem);
  }
}

// doc := "///" to the end of the line
std::string_view Parser::docs() {
  std::string joined;
  while (at(TokenKind::Doc)) {
    std::string_view line = sources_.text(advance()).substr(3);
    if (line.starts_with(' ')) line.remove_prefix(1);
    while (line.ends_with(' ')) line.remove_suffix(1);
    if (!joined.empty()) joined += '\n';
    joined += line;
  }
  return ast_.keep(joined);
}

// kernel := "kernel" NAME [generic_parameters] parameters grid block
void Parser::kernel(std::string_view doc) {
  Kernel kernel;
  Span first = advance();
  kernel.doc = doc;
  kernel.name = name();
  kernel.generics = generic_parameters();
  kernel.parameters = parameters();
  kernel.grid = grid(kernel.name, kernel.grid_span);
  kernel.body = block();
  kernel.span = since(first);
  if (is_panicking_) return;
  ast_.items.push_back({Item::Kind::Kernel, static_cast<std::uint32_t>(ast_.kernels.size())});
  ast_.kernels.push_back(kernel);
}

// grid := "grid" "(" expression {"," expression} ")"
List<ExprId> Parser::grid(Name kernel, Span& span) {
  if (at(TokenKind::LeftBrace)) {
    diagnostics_.report(kernel.span, Kind::MissingGrid, kernel.text)
        .help("write `grid (...)` with the number of programs before the body");
    return {};
  }
  Span first = here();
  expect_word("grid");
  Span opening = here();
  expect(TokenKind::LeftParen);
  auto extents = comma_list<ExprId>(TokenKind::RightParen, &Parser::expression);
  if (extents.empty()) fail(Kind::ExpectedExpression);
  close(TokenKind::RightParen, opening);
  span = since(first);
  return ast_.add_list(extents);
}

// function := ["noinline"] "fn" NAME [generic_parameters] parameters ["->" results]
//             ["real" NAME] block
void Parser::function(std::string_view doc) {
  Function function;
  Span first = here();
  function.doc = doc;
  function.is_noinline = accept(TokenKind::NoInline);
  expect(TokenKind::Fn);
  function.name = name();
  function.generics = generic_parameters();
  function.parameters = parameters();
  if (accept(TokenKind::Arrow)) function.results = results();
  if (at_word("real")) {
    advance();
    function.real_meaning = name();
  }
  function.body = block();
  function.span = since(first);
  if (is_panicking_) return;
  ast_.items.push_back({Item::Kind::Function, static_cast<std::uint32_t>(ast_.functions.size())});
  ast_.functions.push_back(function);
}

// results := type | "(" type {"," type} ")"
List<TypeSyntax> Parser::results() {
  if (!at(TokenKind::LeftParen)) return ast_.add_list(std::vector<TypeSyntax>{type()});
  Span opening = advance();
  auto types = comma_list<TypeSyntax>(TokenKind::RightParen, &Parser::type);
  if (types.empty()) fail(Kind::ExpectedType);
  close(TokenKind::RightParen, opening);
  return ast_.add_list(types);
}

// generic_parameters := "<" generic_parameter {"," generic_parameter} ">"
List<GenericParameter> Parser::generic_parameters() {
  if (!at(TokenKind::Less)) return {};
  Span opening = advance();
  auto list = comma_list<GenericParameter>(TokenKind::Greater, &Parser::generic_parameter);
  if (list.empty()) fail(Kind::ExpectedToken, "`const` or `tune`");
  close(TokenKind::Greater, opening);
  return ast_.add_list(list);
}

// generic_parameter := ("const" | "tune") NAME ":" generic_kind ["=" constant_expression]
GenericParameter Parser::generic_parameter() {
  GenericParameter parameter;
  Span first = here();
  parameter.is_tune = at(TokenKind::Tune);
  if (!accept(TokenKind::Tune) && !accept(TokenKind::Const)) {
    fail(Kind::ExpectedToken, "`const` or `tune`");
  }
  parameter.name = name();
  if (accept(TokenKind::Colon)) {
    parameter.kind = generic_kind(parameter.name);
  } else if (!is_panicking_) {
    diagnostics_.report(parameter.name.span, Kind::MissingGenericType, parameter.name.text)
        .help("write `: int`, `: bool`, `: precision`, `: type` or `: fn`");
  }
  if (accept(TokenKind::Equal)) parameter.default_value = constant_expression();
  parameter.span = since(first);
  return parameter;
}

// generic_kind := "int" | "bool" | "precision" | "type" | "fn"
GenericKind Parser::generic_kind(Name parameter) {
  if (accept(TokenKind::Fn)) return GenericKind::Function;
  if (accept(TokenKind::Bool)) return GenericKind::Bool;
  if (!at(TokenKind::Name) && !is_element_type(kind())) {
    fail(Kind::ExpectedToken, "`int`, `bool`, `precision`, `type` or `fn`");
    return GenericKind::Int;
  }
  if (is_panicking_) return GenericKind::Int;
  Name word = name_at(advance());
  if (word.text == "int") return GenericKind::Int;
  if (word.text == "precision") return GenericKind::Precision;
  if (word.text == "type") return GenericKind::Type;
  diagnostics_.report(word.span, Kind::UnknownGenericType, word.text)
      .note(parameter.span, "of this parameter")
      .help("the kinds are `int`, `bool`, `precision`, `type` and `fn`");
  return GenericKind::Int;
}

// parameters := "(" [parameter {"," parameter}] ")", parameter := NAME ":" type
List<Parameter> Parser::parameters() {
  Span opening = here();
  expect(TokenKind::LeftParen);
  std::vector<Parameter> list;
  while (!is_panicking_ && !at(TokenKind::RightParen)) {
    Parameter parameter;
    Span first = here();
    parameter.name = name();
    expect(TokenKind::Colon);
    parameter.type = type();
    parameter.span = since(first);
    list.push_back(parameter);
    if (!accept(TokenKind::Comma)) break;
  }
  close(TokenKind::RightParen, opening);
  return ast_.add_list(list);
}

// schedule := "schedule" NAME "on" target ["when" expression] "{" schedule_entry* "}"
void Parser::schedule(std::string_view doc) {
  Schedule schedule;
  Span first = advance();
  schedule.doc = doc;
  schedule.kernel = name();
  expect_word("on");
  schedule.target = target();
  if (at_word("when")) {
    advance();
    schedule.when = expression();
  }
  Span opening = here();
  expect(TokenKind::LeftBrace);
  std::vector<ScheduleSetting> settings;
  std::vector<SearchRange> search;
  while (!is_panicking_ && !at(TokenKind::RightBrace)) {
    if (at(TokenKind::End) || at_item()) {
      report_unclosed(opening);
      break;
    }
    std::size_t start = position_;
    schedule_entry(settings, search);
    if (is_panicking_) skip_statement(start);
  }
  accept(TokenKind::RightBrace);
  schedule.settings = ast_.add_list(settings);
  schedule.search = ast_.add_list(search);
  schedule.span = since(first);
  if (is_panicking_) return;
  ast_.items.push_back({Item::Kind::Schedule, static_cast<std::uint32_t>(ast_.schedules.size())});
  ast_.schedules.push_back(schedule);
}

// target := NAME {"-" (NAME | INTEGER)}, written without blanks: "x86-64-v3"
Name Parser::target() {
  Name target = name();
  auto touches = [&](std::size_t ahead) {
    return position_ > 0 && peek(ahead).begin == tokens_[position_ + ahead - 1].end;
  };
  while (at(TokenKind::Minus) && touches(0) && touches(1) &&
         (peek(1).kind == TokenKind::Name || peek(1).kind == TokenKind::Integer)) {
    advance();
    advance();
  }
  return target.is_empty() ? target : name_at(since(target.span));
}

// schedule_entry := NAME "=" expression ";" | "search" "{" search_range* "}"
void Parser::schedule_entry(std::vector<ScheduleSetting>& settings,
                            std::vector<SearchRange>& search) {
  if (at_word("search") && peek(1).kind == TokenKind::LeftBrace) {
    advance();
    Span opening = advance();
    while (!is_panicking_ && !at(TokenKind::RightBrace) && !at(TokenKind::End) && !at_item()) {
      std::size_t start = position_;
      search.push_back(search_range());
      if (is_panicking_) skip_statement(start);
    }
    close(TokenKind::RightBrace, opening);
    return;
  }
  ScheduleSetting setting;
  Span first = here();
  setting.name = name();
  expect(TokenKind::Equal);
  setting.value = expression();
  expect_semicolon();
  setting.span = since(first);
  if (!is_panicking_) settings.push_back(setting);
}

// search_range := NAME "in" "{" expression {"," expression} "}" ";"
SearchRange Parser::search_range() {
  SearchRange range;
  Span first = here();
  range.name = name();
  expect(TokenKind::In);
  Span opening = here();
  expect(TokenKind::LeftBrace);
  auto values = comma_list<ExprId>(TokenKind::RightBrace, &Parser::expression);
  if (values.empty()) fail(Kind::ExpectedExpression);
  range.values = ast_.add_list(values);
  close(TokenKind::RightBrace, opening);
  expect_semicolon();
  range.span = since(first);
  return range;
}

// instantiation := "instantiate" NAME generic_arguments ";"
void Parser::instantiation() {
  Instantiation instantiation;
  Span first = advance();
  instantiation.kernel = name();
  instantiation.arguments = generic_arguments();
  expect_semicolon();
  instantiation.span = since(first);
  if (is_panicking_) return;
  auto index = static_cast<std::uint32_t>(ast_.instantiations.size());
  ast_.items.push_back({Item::Kind::Instantiation, index});
  ast_.instantiations.push_back(instantiation);
}

}  // namespace tile
