// See instantiate.h.
#include "compiler/sema/instantiate.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/const_eval.h"
#include "compiler/sema/syntax_queries.h"

namespace tile::sema {

namespace {

constexpr std::size_t call_depth_limit = 64;

std::string instance_text(const std::vector<std::pair<std::string, Value>>& constants) {
  std::string text;
  for (const auto& [name, value] : constants) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, to_string(value));
  }
  return text;
}

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

void bind_constants(Unit& unit, const KernelDecl& decl, const Settings& settings, Body& body) {
  const Ast& ast = *decl.ast;
  for (const GenericParameter& parameter : ast.items_of(decl.syntax->generics)) {
    const std::string* text = nullptr;
    for (const auto& [name, value] : settings) {
      if (name == parameter.name.text) text = &value;
    }
    Value value;
    if (text) {
      value = parse_setting(unit, ast, parameter, *text, parameter.name.span);
    } else if (!parameter.default_value.is_none()) {
      value = body.constant(parameter.default_value, "a default");
      if (!value.is_error() && !matches(parameter.kind, value)) {
        unit.report(ast[parameter.default_value].span, Kind::GenericArgument,
                    fmt::format("`{}` is of kind `{}`, found {}", parameter.name.text,
                                tile::text(parameter.kind), describe(value)));
        value = Value::error();
      }
    } else if (parameter.is_tune && parameter.kind == GenericKind::Int) {
      value = Value::of_int(default_tune);
    } else if (parameter.is_tune && parameter.kind == GenericKind::Bool) {
      value = Value::of_bool(false);
    } else {
      unit.report(parameter.name.span, Kind::NoInstance, decl.name, parameter.name.text);
    }
    body.declare({std::string(parameter.name.text), Binding::Kind::Constant, std::move(value),
                  parameter.name.span});
  }
}

namespace {

ir::Access access_of(TypeSyntax::Access access) {
  switch (access) {
    case TypeSyntax::Access::In: return ir::Access::In;
    case TypeSyntax::Access::Out: return ir::Access::Out;
    case TypeSyntax::Access::InOut: return ir::Access::InOut;
    case TypeSyntax::Access::UnorderedOut: return ir::Access::UnorderedOut;
  }
  return ir::Access::In;
}

struct SizeSymbol {
  std::string name;
  Span span;
  ir::ValueId tensor;
  int axis = 0;
};

class KernelChecker {
 public:
  KernelChecker(Unit& unit, const KernelDecl& decl)
      : decl_(decl), ast_(*decl.ast), body_(unit, ast_, function_) {
    function_.name = decl.name;
    function_.kind = ir::FunctionKind::Kernel;
    function_.span = decl.syntax->name.span;
    function_.body = ir::add_block(function_, {});
    function_.grid = ir::add_block(function_, {});
  }

  ir::Function check(Unit& unit, const Settings& settings) {
    body_.builder().set_block(function_.body);
    bind_constants(unit, decl_, settings, body_);
    function_.instance = constants_text();
    for (const Parameter& parameter : ast_.items_of(decl_.syntax->parameters)) {
      add_parameter(parameter);
    }
    for (const Parameter& parameter : ast_.items_of(decl_.syntax->parameters)) {
      require_store(parameter);
    }
    check_grid();
    body_.builder().set_block(function_.body);
    body_.scope().enter();
    declare_sizes();
    body_.set_grid_rank(static_cast<int>(decl_.syntax->grid.count));
    body_.run_body(decl_.syntax->body);
    return std::move(function_);
  }

 private:
  std::string constants_text() {
    std::vector<std::pair<std::string, Value>> constants;
    for (const Binding& binding : body_.scope().all()) {
      constants.emplace_back(binding.name, binding.value);
    }
    return instance_text(constants);
  }

  void add_parameter(const Parameter& parameter);
  std::string size_of(ExprId dim, ir::ValueId tensor, int axis);
  void require_store(const Parameter& parameter);
  void check_grid();
  void declare_sizes();

  const KernelDecl& decl_;
  const Ast& ast_;
  ir::Function function_;
  Body body_;
  std::vector<SizeSymbol> sizes_;
};

void KernelChecker::add_parameter(const Parameter& parameter) {
  const TypeSyntax& syntax = parameter.type;
  std::string name(parameter.name.text);
  auto element = body_.element_type(syntax.element);
  ir::Type type = ir::Type::scalar(element.value_or(ir::ElementType::F32));
  if (syntax.is_tensor) {
    type = ir::Type::tensor(type.element, static_cast<int>(syntax.dims.count));
  } else if (syntax.shape != TypeSyntax::Shape::Scalar) {
    body_.report(syntax.span, Kind::NotUsedAsType, "a kernel takes tensors and scalars, not tiles")
        .help(fmt::format("write `tensor<{}>[...]`", syntax.element.text));
    element = std::nullopt;
  }
  ir::ValueId id = ir::add_argument(function_, function_.body, type, name);
  ir::Access access = access_of(syntax.access);
  ir::Parameter made{name, access, {}, parameter.name.span};
  Value value = syntax.is_tensor ? Value::of_tensor(id, type, access) : body_.tile_value(id);
  if (!element) value = Value::error();
  body_.declare({name, Binding::Kind::Parameter, std::move(value), parameter.name.span});
  if (syntax.is_tensor) {
    int axis = 0;
    for (ExprId dim : ast_.items_of(syntax.dims)) made.sizes.push_back(size_of(dim, id, axis++));
  }
  function_.parameters.push_back(std::move(made));
}

std::string KernelChecker::size_of(ExprId dim, ir::ValueId tensor, int axis) {
  const Expr& expr = ast_[dim];
  if (expr.kind == Expr::Kind::NameRef) {
    std::string name(expr.name.text);
    for (const GenericParameter& parameter : ast_.items_of(decl_.syntax->generics)) {
      if (parameter.name.text != name) continue;
      body_.report(expr.span, Kind::NameIsSizeAndConst, name)
          .note(parameter.name.span, "it is a compile-time parameter here");
      return name;
    }
    bool is_new = std::none_of(sizes_.begin(), sizes_.end(),
                               [&](const SizeSymbol& size) { return size.name == name; });
    if (is_new) sizes_.push_back({name, expr.span, tensor, axis});
    return name;
  }
  auto extent = body_.constant_int(dim, "a size that is no name");
  if (extent && *extent < 0) body_.report(expr.span, Kind::NegativeExtent, *extent);
  return fmt::format("{}", extent.value_or(1));
}

void KernelChecker::declare_sizes() {
  for (const SizeSymbol& size : sizes_) {
    body_.builder().set_span(size.span);
    ir::ValueId id = body_.builder().dim(size.tensor, size.axis);
    function_.values[id].name = size.name;
    body_.declare({size.name, Binding::Kind::Size, body_.tile_value(id), size.span});
  }
}

void KernelChecker::require_store(const Parameter& parameter) {
  bool is_out = parameter.type.access == TypeSyntax::Access::Out ||
                parameter.type.access == TypeSyntax::Access::UnorderedOut;
  if (!is_out) return;
  bool is_stored = false;
  visit_statements(ast_, decl_.syntax->body, [&](const Stmt& stmt) {
    is_stored |= stmt.kind == Stmt::Kind::Store && stmt.name.text == parameter.name.text;
  });
  if (!is_stored) {
    body_.report(parameter.name.span, Kind::NeverWritten, parameter.name.text)
        .note("an `out` parameter that is not stored to would keep what was in memory");
  }
}

void KernelChecker::check_grid() {
  std::size_t axes = decl_.syntax->grid.count;
  if (axes < 1 || axes > 4) body_.report(decl_.syntax->grid_span, Kind::GridRank, axes);
  body_.builder().set_block(function_.grid);
  body_.scope().enter();
  declare_sizes();
  std::vector<ir::ValueId> extents;
  for (ExprId id : ast_.items_of(decl_.syntax->grid)) {
    Argument extent{body_.expression(id), ast_[id].span};
    if (auto value = body_.index_scalar(extent, "an extent of the grid")) extents.push_back(*value);
  }
  body_.builder().set_span(decl_.syntax->grid_span);
  body_.builder().yield(extents);
  body_.scope().leave();
}

}  // namespace

void instantiate_kernel(Unit& unit, const KernelDecl& decl, const Settings& settings) {
  KernelChecker checker(unit, decl);
  ir::Function function = checker.check(unit, settings);
  if (unit.failed) return;
  unit.module.kernel = unit.module.functions.push_back(std::move(function));
}

Value parse_setting(Unit& unit, const Ast& from, const GenericParameter& parameter,
                    std::string_view text, Span span) {
  std::string_view problem;
  switch (parameter.kind) {
    case GenericKind::Int:
      if (auto value = parse_integer(text)) return Value::of_int(*value);
      problem = "expected an integer";
      break;
    case GenericKind::Bool:
      if (text == "true" || text == "false") return Value::of_bool(text == "true");
      problem = "expected `true` or `false`";
      break;
    case GenericKind::Precision:
      if (text == "fp32") return Value::of_precision(ir::Precision::Fp32);
      if (text == "tf32") return Value::of_precision(ir::Precision::Tf32);
      problem = "expected `fp32` or `tf32`";
      break;
    case GenericKind::Type:
      if (auto element = ir::element_type_from_name(text)) return Value::of_element(*element);
      problem = "expected an element type";
      break;
    case GenericKind::Function:
      if (auto* function = unit.declarations.find_function(text, from)) {
        return Value::of_function(function);
      }
      if (find_builtin(text)) return Value::of_builtin(std::string(text));
      problem = "there is no function of that name";
      break;
  }
  unit.report(span, Kind::InvalidSetting, parameter.name.text, text, problem);
  return Value::error();
}

}  // namespace tile::sema
