// See instantiate.h.
#include "compiler/sema/instantiate.h"

#include <fmt/format.h>

#include <algorithm>

namespace tile::sema {

std::string instance_text(const std::vector<std::pair<std::string, Value>>& constants) {
  std::string text;
  for (const auto& [name, value] : constants) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, to_string(value));
  }
  return text;
}

namespace {

constexpr std::size_t call_depth_limit = 64;

std::string instance_key(const FunctionDecl& decl, const BoundCall& bound) {
  std::string key = fmt::format("{}", decl.index);
  for (const auto& [name, value] : bound.constants) {
    // Two functions of one name (the library's and the user's) are told apart by their number.
    key += fmt::format("|{}={}", name, to_string(value));
    if (value.function) key += fmt::format("#{}", value.function->index);
  }
  for (const ir::Type& type : bound.parameter_types) key += "|" + ir::to_string(type);
  return key;
}

/// Checks the body of a function into `function`; true when it is right.
bool check_function(Unit& unit, const FunctionDecl& decl, const BoundCall& bound,
                    ir::Function& function) {
  const Ast& ast = *decl.ast;
  function.name = decl.name;
  function.instance = instance_text(bound.constants);
  function.result_types = bound.result_types;
  function.real_meaning = decl.syntax->real_meaning.text;
  function.no_inline = decl.syntax->is_noinline;
  function.span = decl.syntax->name.span;
  function.body = ir::add_block(function, {});
  Body body(unit, ast, function);
  for (const auto& [name, value] : bound.constants) {
    body.declare({name, Binding::Kind::Constant, value, decl.syntax->name.span});
  }
  std::span<const Parameter> parameters = ast.items_of(decl.syntax->parameters);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    std::string name(parameters[i].name.text);
    ir::ValueId id = ir::add_argument(function, function.body, bound.parameter_types[i], name);
    function.parameters.push_back({name, ir::Access::In, {}, parameters[i].name.span});
    body.declare({name, Binding::Kind::Parameter, body.tile_value(id), parameters[i].name.span});
  }
  bool had_failed = std::exchange(unit.failed, false);
  unit.active.push_back(&decl);
  unit.used.insert(&decl);
  body.run_body(decl.syntax->body);
  unit.active.pop_back();
  bool is_ok = !unit.failed;
  unit.failed |= had_failed;
  return is_ok;
}

}  // namespace

FunctionInstance instantiate_function(Unit& unit, const FunctionDecl& decl, const BoundCall& bound,
                                      Span call_span) {
  std::string key = instance_key(decl, bound);
  auto known = unit.instances.find(key);
  if (known != unit.instances.end()) {
    unit.failed |= !known->second.is_ok;
    return known->second;
  }
  FunctionInstance instance;
  if (std::find(unit.active.begin(), unit.active.end(), &decl) != unit.active.end()) {
    unit.report(call_span, Kind::Recursion, decl.name)
        .note(decl.syntax->name.span, fmt::format("`{}` is defined here", decl.name))
        .help("use a loop");
    return instance;
  }
  if (unit.active.size() >= call_depth_limit) {
    unit.report(call_span, Kind::CallDepth, call_depth_limit);
    return instance;
  }
  ir::Function function;
  instance.is_ok = check_function(unit, decl, bound, function);
  if (instance.is_ok) instance.id = unit.module.functions.push_back(std::move(function));
  unit.instances.emplace(std::move(key), instance);
  return instance;
}

namespace {

/// A value for a compile-time parameter that nobody set.
std::optional<Value> sample_constant(const GenericParameter& parameter, ir::ElementType element) {
  switch (parameter.kind) {
    case GenericKind::Type: return Value::of_element(element);
    case GenericKind::Precision: return Value::of_precision(ir::Precision::Fp32);
    case GenericKind::Int: case GenericKind::Bool: case GenericKind::Function: break;
  }
  return std::nullopt;
}

constexpr std::int64_t sample_extent = 16;

/// Is the compile-time parameter an extent in some parameter's type, so that a call binds it?
bool is_inferred_size(const FunctionDecl& decl, std::string_view name) {
  for (const Parameter& parameter : decl.ast->items_of(decl.syntax->parameters)) {
    for (ExprId dim : decl.ast->items_of(parameter.type.dims)) {
      const Expr& expr = (*decl.ast)[dim];
      if (expr.kind == Expr::Kind::NameRef && expr.name.text == name) return true;
    }
  }
  return false;
}

/// Nothing when extents depend on other sizes.
std::optional<ir::Shape> sample_shape(const Ast& ast, const TypeSyntax& syntax) {
  if (syntax.shape == TypeSyntax::Shape::Any) return ir::Shape{sample_extent};
  ir::Shape shape;
  for (ExprId dim : ast.items_of(syntax.dims)) {
    const Expr& expr = ast[dim];
    bool is_literal = expr.kind == Expr::Kind::Integer;
    if (!is_literal && expr.kind != Expr::Kind::NameRef) return std::nullopt;
    shape.push_back(is_literal ? static_cast<std::int64_t>(expr.integer) : sample_extent);
  }
  return shape;
}

}  // namespace

void check_at_sample(Unit& unit, const FunctionDecl& decl, ir::ElementType element) {
  const Ast& ast = *decl.ast;
  ir::Function scratch;
  scratch.body = ir::add_block(scratch, {});
  Body body(unit, ast, scratch);
  body.builder().set_block(scratch.body);
  std::vector<std::pair<Name, Argument>> named;
  std::set<std::string_view> types;
  for (const GenericParameter& parameter : ast.items_of(decl.syntax->generics)) {
    if (parameter.kind == GenericKind::Type) types.insert(parameter.name.text);
    bool has_default =
        !parameter.default_value.is_none() && parameter.kind != GenericKind::Type;
    if (has_default || is_inferred_size(decl, parameter.name.text)) continue;
    std::optional<Value> sample = sample_constant(parameter, element);
    if (!sample) return;
    named.push_back({parameter.name, {*sample, parameter.name.span}});
  }
  Call call;
  call.name = decl.name;
  call.span = decl.syntax->name.span;
  for (const Parameter& parameter : ast.items_of(decl.syntax->parameters)) {
    if (parameter.type.is_tensor) {
      unit.report(parameter.type.span, Kind::TensorInFunction);
      return;
    }
    bool is_generic = types.contains(parameter.type.element.text);
    auto own = is_generic ? element : body.element_type(parameter.type.element);
    auto shape = sample_shape(ast, parameter.type);
    if (!own || !shape) return;
    ir::ValueId id = body.builder().constant({*own, 0}, *shape);
    call.arguments.push_back({body.tile_value(id), parameter.name.span});
  }
  body.call_function(decl, call, named);
}

}  // namespace tile::sema
