// Binding a call to a function: which compile-time arguments it has, and which types follow.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/sema/instantiate.h"
#include "compiler/sema/type_rules.h"

namespace tile::sema {

namespace {

/// The state of one binding; `callee` holds the constants found so far in its scope.
class Binder {
 public:
  Binder(Body& caller, const FunctionDecl& decl, const Call& call)
      : caller_(caller), decl_(decl), call_(call), callee_(caller.unit(), *decl.ast, scratch_) {
    scratch_.body = ir::add_block(scratch_, {});
    callee_.builder().set_block(scratch_.body);
  }

  std::optional<BoundCall> bind(const std::vector<std::pair<Name, Argument>>& named) {
    bool is_ok = check_count() && bind_named(named) && bind_elements(true) &&
                 bind_elements(false) && bind_sizes() && bind_defaults() && bind_parameters() &&
                 bind_results();
    if (!is_ok) return std::nullopt;
    for (const Binding& binding : callee_.scope().all()) {
      bound_.constants.emplace_back(binding.name, binding.value);
    }
    return std::move(bound_);
  }

 private:
  const Ast& ast() const { return *decl_.ast; }
  std::span<const Parameter> parameters() const {
    return ast().items_of(decl_.syntax->parameters);
  }
  std::span<const GenericParameter> generics() const {
    return ast().items_of(decl_.syntax->generics);
  }
  void note_here(Diagnostics::Builder builder) {
    builder.note(decl_.syntax->name.span, fmt::format("`{}` is defined here", decl_.name));
  }

  bool check_count();
  bool bind_named(const std::vector<std::pair<Name, Argument>>& named);
  bool bind_elements(bool from_tiles);
  bool bind_sizes();
  bool bind_size(const Parameter& parameter, ExprId dim, std::int64_t extent,
                 const Argument& argument);
  bool bind_defaults();
  bool bind_parameters();
  bool bind_results();
  std::optional<ir::Type> type_of(const TypeSyntax& syntax);

  void set(std::string_view name, Value value, Span span) {
    callee_.scope().declare(
        {std::string(name), Binding::Kind::Constant, std::move(value), span});
  }
  bool is_set(std::string_view name) { return callee_.scope().find(name) != nullptr; }
  const GenericParameter* generic(std::string_view name) const {
    for (const GenericParameter& parameter : generics()) {
      if (parameter.name.text == name) return &parameter;
    }
    return nullptr;
  }

  Body& caller_;
  const FunctionDecl& decl_;
  const Call& call_;
  ir::Function scratch_;
  Body callee_;
  ir::Shape common_shape_;
  BoundCall bound_;
};

bool Binder::check_count() {
  if (call_.arguments.size() == parameters().size()) return true;
  note_here(caller_.report(call_.span, Kind::ArgumentCount, decl_.name, parameters().size(),
                           call_.arguments.size()));
  return false;
}

bool Binder::bind_named(const std::vector<std::pair<Name, Argument>>& named) {
  if (!call_.generics.empty()) {
    caller_.report(call_.generics[0].span, Kind::GenericArgument,
                   fmt::format("compile-time arguments of `{}` are given by name", decl_.name))
        .help(generics().empty() ? "it has none"
                                 : fmt::format("write `{} = ...`", generics()[0].name.text));
    return false;
  }
  for (const auto& [name, argument] : named) {
    const GenericParameter* parameter = generic(name.text);
    if (!parameter) {
      std::vector<std::string_view> names;
      for (const GenericParameter& other : generics()) names.push_back(other.name.text);
      auto builder = caller_.report(name.span, Kind::UnknownParameter, decl_.name, name.text);
      std::string_view near = nearest_name(name.text, names);
      if (!near.empty()) builder.help(fmt::format("did you mean `{}`?", near));
      return false;
    }
    if (!matches(parameter->kind, argument.value)) {
      note_here(caller_.report(argument.span, Kind::GenericArgument,
                               fmt::format("`{}` is of kind `{}`, found {}", name.text,
                                           text(parameter->kind), describe(argument.value))));
      return false;
    }
    if (is_set(name.text)) {
      caller_.report(name.span, Kind::DuplicateName, name.text);
      return false;
    }
    set(name.text, argument.value, parameter->name.span);
  }
  return true;
}

// Element types from tiles first: a literal then takes the type that a tile has settled.
bool Binder::bind_elements(bool from_tiles) {
  for (std::size_t i = 0; i < parameters().size(); ++i) {
    const Name& element = parameters()[i].type.element;
    const GenericParameter* parameter = generic(element.text);
    if (!parameter || parameter->kind != GenericKind::Type || is_set(element.text)) continue;
    const Value& value = call_.arguments[i].value;
    if (value.is_tile() != from_tiles || !value.is_data()) continue;
    ir::ElementType inferred = value.is_tile()                        ? value.type.element
                               : value.is_int()                       ? ir::ElementType::I64
                               : value.kind == Value::Kind::Bool      ? ir::ElementType::Bool
                                                                      : ir::ElementType::F32;
    set(element.text, Value::of_element(inferred), parameter->name.span);
  }
  return true;
}


bool Binder::bind_sizes() {
  for (std::size_t i = 0; i < parameters().size(); ++i) {
    const Parameter& parameter = parameters()[i];
    const Argument& argument = call_.arguments[i];
    if (!argument.value.is_data()) {
      caller_.tile(argument);  // reports
      return false;
    }
    ir::Shape shape = argument.value.is_tile() ? argument.value.type.shape : ir::Shape{};
    if (parameter.type.shape == TypeSyntax::Shape::Any) {
      auto common = broadcast_shapes(common_shape_, shape);
      if (!common) {
        Argument first = argument;
        for (std::size_t j = 0; j < i; ++j) {
          if (parameters()[j].type.shape != TypeSyntax::Shape::Any) continue;
          if (call_.arguments[j].value.type.rank() > 0) first = call_.arguments[j];
        }
        caller_.shape_mismatch(call_.span, first, argument);
        return false;
      }
      common_shape_ = *common;
    }
    if (parameter.type.shape != TypeSyntax::Shape::Dims) continue;
    std::span<const ExprId> dims = ast().items_of(parameter.type.dims);
    if (dims.size() != shape.size()) {
      note_here(caller_.report(
          argument.span, Kind::InvalidArgument,
          fmt::format("parameter `{}` of `{}` has rank {}, found {}", parameter.name.text,
                      decl_.name, dims.size(), describe(argument.value))));
      return false;
    }
    for (std::size_t d = 0; d < dims.size(); ++d) {
      if (!bind_size(parameter, dims[d], shape[d], argument)) return false;
    }
  }
  return true;
}

bool Binder::bind_size(const Parameter& parameter, ExprId dim, std::int64_t extent,
                       const Argument& argument) {
  const Expr& expr = ast()[dim];
  if (expr.kind == Expr::Kind::NameRef && !is_set(expr.name.text)) {
    const GenericParameter* declared = generic(expr.name.text);
    if (declared && declared->kind != GenericKind::Int) {
      caller_.report(expr.span, Kind::NotUsedAsType,
                     fmt::format("`{}` is of kind `{}` and cannot be an extent", expr.name.text,
                                 text(declared->kind)));
      return false;
    }
    set(expr.name.text, Value::of_int(extent), expr.span);
    return true;
  }
  auto expected = callee_.constant_int(dim, "an extent");
  if (!expected) return false;
  if (*expected == extent) return true;
  auto builder = caller_.report(
      argument.span, Kind::InvalidArgument,
      fmt::format("extent of parameter `{}` of `{}` must be {}, found {}", parameter.name.text,
                  decl_.name, *expected, extent));
  builder.note(expr.span, "it is required here");
  caller_.note_origin(builder, argument);
  return false;
}

bool Binder::bind_defaults() {
  for (const GenericParameter& parameter : generics()) {
    if (is_set(parameter.name.text)) continue;
    if (parameter.default_value.is_none()) {
      note_here(caller_.report(call_.span, Kind::CannotInfer, parameter.name.text, decl_.name)
                    .help(fmt::format("write `{}<{} = ...>(...)`", decl_.name,
                                      parameter.name.text)));
      return false;
    }
    Value value = callee_.constant(parameter.default_value, "a default");
    if (value.is_error()) return false;
    if (!matches(parameter.kind, value)) {
      caller_.report(parameter.span, Kind::GenericArgument,
                     fmt::format("default of `{}` is not of kind `{}`", parameter.name.text,
                                 text(parameter.kind)));
      return false;
    }
    set(parameter.name.text, std::move(value), parameter.name.span);
  }
  return true;
}

std::optional<ir::Type> Binder::type_of(const TypeSyntax& syntax) {
  if (syntax.is_tensor || syntax.shape != TypeSyntax::Shape::Any) {
    return callee_.written_type(syntax);
  }
  auto element = callee_.element_type(syntax.element);
  if (!element) return std::nullopt;
  return ir::Type::tile(*element, common_shape_);
}

bool Binder::bind_parameters() {
  for (const Parameter& parameter : parameters()) {
    auto type = type_of(parameter.type);
    if (!type) return false;
    bound_.parameter_types.push_back(std::move(*type));
  }
  return true;
}

bool Binder::bind_results() {
  for (const TypeSyntax& result : ast().items_of(decl_.syntax->results)) {
    auto type = type_of(result);
    if (!type) return false;
    bound_.result_types.push_back(std::move(*type));
  }
  return true;
}

}  // namespace

bool matches(GenericKind kind, const Value& value) {
  switch (kind) {
    case GenericKind::Int: return value.is_int();
    case GenericKind::Bool: return value.kind == Value::Kind::Bool;
    case GenericKind::Precision: return value.kind == Value::Kind::Precision;
    case GenericKind::Type: return value.kind == Value::Kind::Element;
    case GenericKind::Function: return value.kind == Value::Kind::Function;
  }
  return false;
}

std::optional<BoundCall> bind_call(Body& caller, const FunctionDecl& decl, const Call& call,
                                   const std::vector<std::pair<Name, Argument>>& named) {
  return Binder(caller, decl, call).bind(named);
}

}  // namespace tile::sema
