// What must be known at compile time: constants, extents, element types and types as written.
#include <fmt/format.h>

#include "compiler/sema/body.h"
#include "compiler/sema/type_rules.h"

namespace tile::sema {

using ir::ElementType;

Value Body::constant(ExprId id, std::string_view what) {
  Value value = expression(id);
  if (value.is_error() || value.is_constant()) return value;
  auto builder = report(ast_[id].span, Kind::NotConstant, what);
  builder.note(fmt::format("this is {}", describe(value)));
  return Value::error();
}

std::optional<std::int64_t> Body::constant_int(const Argument& argument, std::string_view what) {
  if (argument.value.is_error()) return std::nullopt;
  if (argument.value.is_int()) return argument.value.integer;
  if (argument.value.is_tile() && ir::is_integer(argument.value.type.element)) {
    report(argument.span, Kind::NotConstant, what)
        .note(fmt::format("this is {}", describe(argument.value)));
  } else {
    report(argument.span, Kind::TypeMismatch, "int", describe(argument.value));
  }
  return std::nullopt;
}

std::optional<std::int64_t> Body::constant_int(ExprId id, std::string_view what) {
  return constant_int(Argument{expression(id), ast_[id].span}, what);
}

std::optional<ElementType> Body::element_type(const Name& name) {
  if (auto element = ir::element_type_from_name(name.text)) return element;
  const Binding* binding = scope_.find(name.text);
  if (!binding) {
    report(name.span, Kind::UnknownElementType, name.text)
        .help("element types are bool, i8, i32, i64, u8, u32, u64 and f32");
    return std::nullopt;
  }
  if (binding->value.kind == Value::Kind::Element) return binding->value.element;
  if (!binding->value.is_error()) {
    report(name.span, Kind::NotUsedAsType,
           fmt::format("`{}` is {}, not an element type", name.text, describe(binding->value)))
        .note(binding->span, "defined here");
  }
  return std::nullopt;
}

std::optional<ir::Shape> Body::extents(const std::vector<Argument>& arguments, Span span) {
  ir::Shape shape;
  for (const Argument& argument : arguments) {
    std::optional<std::int64_t> extent = constant_int(argument, "an extent");
    if (!extent) return std::nullopt;
    if (*extent <= 0) {
      report(argument.span, Kind::NegativeExtent, *extent);
      return std::nullopt;
    }
    shape.push_back(*extent);
  }
  if (extent_problem(shape).empty()) return shape;
  report(span, Kind::ExtentOverflow, ir::to_string(shape), max_tile_elements);
  return std::nullopt;
}

std::optional<ir::Type> Body::written_type(const TypeSyntax& syntax) {
  if (syntax.is_tensor) {
    report(syntax.span, Kind::TensorInFunction);
    return std::nullopt;
  }
  std::optional<ElementType> element = element_type(syntax.element);
  if (syntax.shape == TypeSyntax::Shape::Any) {
    report(syntax.span, Kind::NotUsedAsType, "`[...]` is for parameters and results of functions");
    return std::nullopt;
  }
  std::vector<Argument> dims;
  for (ExprId dim : ast_.items_of(syntax.dims)) dims.push_back({expression(dim), ast_[dim].span});
  std::optional<ir::Shape> shape = extents(dims, syntax.span);
  if (!element || !shape) return std::nullopt;
  return ir::Type::tile(*element, *shape);
}

}  // namespace tile::sema
