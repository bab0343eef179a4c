// From Values to values of the IR: literals find their element type, scalars are repeated, and
// everything that does not fit is reported with both sides and where they came from.
#include <fmt/format.h>

#include "compiler/sema/body.h"
#include "compiler/sema/type_rules.h"

namespace tile::sema {

using ir::ElementType;

namespace {

std::string type_text(const Value& value) {
  switch (value.kind) {
    case Value::Kind::Tile: case Value::Kind::Tensor: return ir::to_string(value.type);
    case Value::Kind::Int: return "i64";
    case Value::Kind::Bool: return "bool";
    case Value::Kind::Float: return "f32";
    case Value::Kind::Error: case Value::Kind::None: case Value::Kind::Element:
    case Value::Kind::Precision: case Value::Kind::Function: case Value::Kind::Tuple:
      break;
  }
  return describe(value);
}

ir::Shape shape_of(const Value& value) {
  return value.is_tile() ? value.type.shape : ir::Shape{};
}

}  // namespace

Value Body::tile_value(ir::ValueId id) { return Value::of_tile(id, function().type(id)); }

void Body::note_origin(Diagnostics::Builder& builder, const Argument& argument) {
  if (argument.span.file.is_none()) return;
  std::string_view text = unit_.diagnostics.sources().text(argument.span);
  const Binding* binding = scope_.find(text);
  builder.note(binding ? binding->span : argument.span,
               fmt::format("{} is `{}`", binding ? fmt::format("`{}`", text) : "this",
                           type_text(argument.value)));
}

void Body::shape_mismatch(Span span, const Argument& lhs, const Argument& rhs) {
  auto builder = report(span, Kind::ShapeMismatch, type_text(lhs.value), type_text(rhs.value));
  note_origin(builder, lhs);
  note_origin(builder, rhs);
  if (lhs.value.type.rank() != rhs.value.type.rank()) {
    builder.help("insert dimensions of extent 1 with `t[:, None]`");
  }
}

bool Body::require_accepted(ir::OpCode code, std::string_view name, ElementType element,
                            Span span) {
  if (accepts(code, element)) return true;
  report(span, Kind::InvalidOperand, name, ir::name(element))
      .note(fmt::format("it takes {}", accepted_words(code)));
  return false;
}

std::optional<Value> Body::tile(const Argument& argument) {
  switch (argument.value.kind) {
    case Value::Kind::Tile: return argument.value;
    case Value::Kind::Int: return tile_of(argument, ElementType::I64);
    case Value::Kind::Bool: return tile_of(argument, ElementType::Bool);
    case Value::Kind::Float: return tile_of(argument, ElementType::F32);
    case Value::Kind::Error: return std::nullopt;
    case Value::Kind::Tensor: {
      std::string name = function().values[argument.value.id].name;
      report(argument.span, Kind::TensorAsValue, name)
          .help(fmt::format("write `{}[start +: extent]`", name));
      return std::nullopt;
    }
    case Value::Kind::None: case Value::Kind::Element: case Value::Kind::Precision:
    case Value::Kind::Function: case Value::Kind::Tuple:
      break;
  }
  report(argument.span, Kind::InvalidArgument,
         fmt::format("expected a value, found {}", describe(argument.value)));
  return std::nullopt;
}

std::optional<Value> Body::tile_of(const Argument& argument, ElementType element) {
  const Value& value = argument.value;
  ElementType own = element;
  ir::Scalar scalar;
  if (value.is_int() && ir::is_integer(element)) {
    if (!fits(value.integer, element)) {
      report(argument.span, Kind::LiteralOutOfRange, value.integer, ir::name(element));
      return std::nullopt;
    }
    scalar = ir::Scalar::from_int(element, value.integer);
  } else if (value.kind == Value::Kind::Bool && element == ElementType::Bool) {
    scalar = ir::Scalar::from_bool(value.integer != 0);
  } else if (value.kind == Value::Kind::Float && element == ElementType::F32) {
    scalar = ir::Scalar::from_float(value.real);
  } else {
    if (value.is_int()) own = ElementType::I64;
    if (value.kind == Value::Kind::Bool) own = ElementType::Bool;
    if (value.kind == Value::Kind::Float) own = ElementType::F32;
    if (!value.is_data()) return tile(argument);  // reports
    if (value.is_tile()) own = value.type.element;
    if (own == element) return value;
    auto builder = report(argument.span, Kind::TypeMismatch, ir::name(element), ir::name(own));
    if (value.is_int() && element == ElementType::F32) {
      builder.help(fmt::format("write `{}.0`", value.integer));
    } else {
      builder.help(fmt::format("write `{}(...)` to convert", ir::name(element)));
    }
    return std::nullopt;
  }
  builder_.set_span(argument.span);
  return tile_value(builder_.constant(scalar));
}

std::optional<ir::ValueId> Body::fit(const Argument& argument, const ir::Type& type) {
  if (type.is_error()) return std::nullopt;
  std::optional<Value> value = tile_of(argument, type.element);
  if (!value) return std::nullopt;
  if (value->type.shape == type.shape) return value->id;
  if (!value->type.is_scalar()) {
    auto builder = report(argument.span, Kind::ShapeMismatch, ir::to_string(type),
                          ir::to_string(value->type));
    builder.note("the first is expected here");
    note_origin(builder, argument);
    return std::nullopt;
  }
  builder_.set_span(argument.span);
  return builder_.broadcast(value->id, type.shape);
}

std::optional<ir::ValueId> Body::index_scalar(const Argument& argument, std::string_view what) {
  if (argument.value.is_error()) return std::nullopt;
  std::optional<Value> value = tile(argument);
  if (!value) return std::nullopt;
  bool is_index = value->type.is_scalar() && (value->type.element == ElementType::I64 ||
                                              value->type.element == ElementType::I32);
  if (!is_index) {
    report(argument.span, Kind::InvalidIndex,
           fmt::format("{} must be a scalar `i64`, found `{}`", what, ir::to_string(value->type)));
    return std::nullopt;
  }
  builder_.set_span(argument.span);
  return builder_.cast(value->id, ElementType::I64);
}

std::optional<ir::ValueId> Body::scalar_condition(const Argument& argument) {
  if (argument.value.is_error()) return std::nullopt;
  std::optional<Value> value = tile(argument);
  if (!value) return std::nullopt;
  if (value->type == ir::Type::scalar(ElementType::Bool)) return value->id;
  auto builder = report(argument.span, Kind::ConditionNotScalar, ir::to_string(value->type));
  if (value->type.element == ElementType::Bool) {
    builder.help("select elements with `where`, or reduce with `any` or `all`");
  }
  return std::nullopt;
}

std::optional<ElementType> Body::common_element(const std::vector<Argument>& arguments,
                                                Span span) {
  // Tiles decide; without any, the first literal does.
  const Argument* first = nullptr;
  for (const Argument& argument : arguments) {
    if (argument.value.is_error()) return std::nullopt;
    if (!argument.value.is_data()) {
      tile(argument);  // reports
      return std::nullopt;
    }
    if (!argument.value.is_tile()) continue;
    if (first && first->value.type.element != argument.value.type.element) {
      auto builder = report(span, Kind::ElementMismatch, ir::name(first->value.type.element),
                            ir::name(argument.value.type.element));
      note_origin(builder, *first);
      note_origin(builder, argument);
      return std::nullopt;
    }
    if (!first) first = &argument;
  }
  if (first) return first->value.type.element;
  bool has_float = false, has_int = false;
  for (const Argument& argument : arguments) {
    has_float |= argument.value.kind == Value::Kind::Float;
    has_int |= argument.value.is_int();
  }
  if (has_float) return ElementType::F32;
  return has_int ? ElementType::I64 : ElementType::Bool;
}

std::optional<ir::Shape> Body::common_shape(const std::vector<Argument>& arguments, Span span) {
  ir::Shape shape;
  const Argument* widest = nullptr;
  for (const Argument& argument : arguments) {
    ir::Shape own = shape_of(argument.value);
    std::optional<ir::Shape> common = broadcast_shapes(shape, own);
    if (!common) {
      shape_mismatch(span, *widest, argument);
      return std::nullopt;
    }
    if (!widest || *common != shape) widest = &argument;
    shape = std::move(*common);
  }
  if (std::string problem = extent_problem(shape); !problem.empty()) {
    report(span, Kind::ExtentOverflow, ir::to_string(shape), max_tile_elements);
    return std::nullopt;
  }
  return shape;
}

std::optional<std::vector<ir::ValueId>> Body::unify(const std::vector<Argument>& arguments,
                                                    Span span) {
  std::optional<ElementType> element = common_element(arguments, span);
  if (!element) return std::nullopt;
  std::vector<ir::ValueId> ids;
  for (const Argument& argument : arguments) {
    std::optional<Value> value = tile_of(argument, *element);
    if (!value) return std::nullopt;
    ids.push_back(value->id);
  }
  std::optional<ir::Shape> shape = common_shape(arguments, span);
  if (!shape) return std::nullopt;
  builder_.set_span(span);
  for (ir::ValueId& id : ids) id = builder_.broadcast(id, *shape);
  return ids;
}

}  // namespace tile::sema
