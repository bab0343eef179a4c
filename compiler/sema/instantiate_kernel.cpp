// Kernels: settings become compile-time parameters, parameters become tensors and sizes, then grid
// and body are checked into one IR function.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/const_eval.h"
#include "compiler/sema/instantiate.h"
#include "compiler/sema/syntax_queries.h"

namespace tile::sema {

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
