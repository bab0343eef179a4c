// See value.h.
#include "compiler/sema/value.h"

#include <fmt/format.h>

#include "compiler/sema/declarations.h"

namespace tile::sema {

Value Value::none() {
  Value value;
  value.kind = Kind::None;
  return value;
}

Value Value::of_int(std::int64_t integer) {
  Value value;
  value.kind = Kind::Int;
  value.integer = integer;
  return value;
}

Value Value::of_bool(bool boolean) {
  Value value;
  value.kind = Kind::Bool;
  value.integer = boolean ? 1 : 0;
  return value;
}

Value Value::of_float(float real) {
  Value value;
  value.kind = Kind::Float;
  value.real = real;
  return value;
}

Value Value::of_element(ir::ElementType element) {
  Value value;
  value.kind = Kind::Element;
  value.element = element;
  return value;
}

Value Value::of_precision(ir::Precision precision) {
  Value value;
  value.kind = Kind::Precision;
  value.precision = precision;
  return value;
}

Value Value::of_function(const FunctionDecl* function) {
  Value value;
  value.kind = Kind::Function;
  value.function = function;
  return value;
}

Value Value::of_builtin(std::string name) {
  Value value;
  value.kind = Kind::Function;
  value.name = std::move(name);
  return value;
}

Value Value::of_tuple(std::vector<Value> elements) {
  Value value;
  value.kind = Kind::Tuple;
  value.elements = std::move(elements);
  return value;
}

Value Value::of_tensor(ir::ValueId id, ir::Type type, ir::Access access) {
  Value value;
  value.kind = Kind::Tensor;
  value.id = id;
  value.type = std::move(type);
  value.access = access;
  return value;
}

Value Value::of_tile(ir::ValueId id, ir::Type type) {
  Value value;
  value.kind = Kind::Tile;
  value.id = id;
  value.type = std::move(type);
  return value;
}

bool Value::is_constant() const {
  switch (kind) {
    case Kind::Int: case Kind::Bool: case Kind::Element: case Kind::Precision: case Kind::Function:
      return true;
    case Kind::Error: case Kind::None: case Kind::Float: case Kind::Tuple: case Kind::Tensor:
    case Kind::Tile:
      return false;
  }
  return false;
}

bool Value::is_data() const {
  return kind == Kind::Int || kind == Kind::Bool || kind == Kind::Float || kind == Kind::Tile;
}

std::string_view to_string(ir::Precision precision) {
  return precision == ir::Precision::Fp32 ? "fp32" : "tf32";
}

std::string to_string(const Value& value) {
  switch (value.kind) {
    case Value::Kind::Int: return fmt::format("{}", value.integer);
    case Value::Kind::Bool: return value.integer ? "true" : "false";
    case Value::Kind::Float: return fmt::format("{}", value.real);
    case Value::Kind::Element: return std::string(ir::name(value.element));
    case Value::Kind::Precision: return std::string(to_string(value.precision));
    case Value::Kind::Function: return value.function ? value.function->name : value.name;
    case Value::Kind::Error: case Value::Kind::None: case Value::Kind::Tuple:
    case Value::Kind::Tensor: case Value::Kind::Tile:
      break;
  }
  return describe(value);
}

std::string describe(const Value& value) {
  switch (value.kind) {
    case Value::Kind::Error: return "an error";
    case Value::Kind::None: return "no value";
    case Value::Kind::Int: return fmt::format("the integer constant {}", value.integer);
    case Value::Kind::Bool: return "a bool";
    case Value::Kind::Float: return "an f32 constant";
    case Value::Kind::Element: return fmt::format("the element type `{}`", ir::name(value.element));
    case Value::Kind::Precision: return "a precision";
    case Value::Kind::Function: return fmt::format("the function `{}`", to_string(value));
    case Value::Kind::Tuple: return fmt::format("a tuple of {} values", value.elements.size());
    case Value::Kind::Tensor: return fmt::format("a tensor `{}`", ir::to_string(value.type));
    case Value::Kind::Tile: return fmt::format("`{}`", ir::to_string(value.type));
  }
  return "";
}

bool same_constant(const Value& a, const Value& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Value::Kind::Int: case Value::Kind::Bool: return a.integer == b.integer;
    case Value::Kind::Element: return a.element == b.element;
    case Value::Kind::Precision: return a.precision == b.precision;
    case Value::Kind::Function: return a.function == b.function && a.name == b.name;
    case Value::Kind::Error: case Value::Kind::None: case Value::Kind::Float:
    case Value::Kind::Tuple: case Value::Kind::Tensor: case Value::Kind::Tile:
      break;
  }
  return false;
}

}  // namespace tile::sema
