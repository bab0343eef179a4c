// Builtins that work element by element.
#include <fmt/format.h>

#include "compiler/sema/builtin_handlers.h"
#include "compiler/sema/const_eval.h"
#include "compiler/sema/type_rules.h"

namespace tile::sema {

Value call_elementwise(Body& body, const Call& call) {
  std::optional<ir::OpCode> code = ir::op_from_text(call.name);
  TILE_CHECK(code.has_value(), "builtins in this group are named as their op");
  std::optional<ir::ElementType> element = body.common_element(call.arguments, call.span);
  if (!element || !body.require_accepted(*code, call.name, *element, call.span)) {
    return Value::error();
  }
  bool folds = call.arguments.size() == 2 && call.arguments[0].value.is_int() &&
               call.arguments[1].value.is_int();
  if (folds && (*code == ir::OpCode::Min || *code == ir::OpCode::Max)) {
    std::int64_t a = call.arguments[0].value.integer, b = call.arguments[1].value.integer;
    return Value::of_int(*code == ir::OpCode::Min ? std::min(a, b) : std::max(a, b));
  }
  auto operands = body.unify(call.arguments, call.span);
  if (!operands) return Value::error();
  return body.tile_value(body.builder().elementwise(*code, *operands));
}

Value call_where(Body& body, const Call& call) {
  std::optional<Value> condition = body.tile_of(call.arguments[0], ir::ElementType::Bool);
  auto element = body.common_element({call.arguments[1], call.arguments[2]}, call.span);
  if (!condition || !element) return Value::error();
  auto shape = body.common_shape(call.arguments, call.span);
  if (!shape) return Value::error();
  ir::Builder& builder = body.builder();
  std::vector<ir::ValueId> operands;
  for (std::size_t i = 0; i < 3; ++i) {
    auto value = i == 0 ? condition : body.tile_of(call.arguments[i], *element);
    if (!value) return Value::error();
    builder.set_span(call.span);
    operands.push_back(builder.broadcast(value->id, *shape));
  }
  return body.tile_value(builder.elementwise(ir::OpCode::Select, operands));
}

Value call_bitcast(Body& body, const Call& call) {
  bool has_type =
      call.generics.size() == 1 && call.generics[0].value.kind == Value::Kind::Element;
  if (!has_type) {
    body.report(call.span, Kind::GenericArgument, "`bitcast` needs an element type")
        .help("write `bitcast<i32>(x)`");
    return Value::error();
  }
  std::optional<Value> value = body.tile(call.arguments[0]);
  if (!value) return Value::error();
  ir::ElementType from = value->type.element, to = call.generics[0].value.element;
  if (!can_bitcast(from, to)) {
    body.report(call.span, Kind::InvalidCast, ir::name(from), ir::name(to))
        .note("a bitcast keeps the size, and bool has no bits");
    return Value::error();
  }
  body.builder().set_span(call.span);
  return body.tile_value(body.builder().bitcast(value->id, to));
}

Value call_ceil_div(Body& body, const Call& call) {
  // (a + (b - 1)) / b, for positive b; compile-time when both are.
  const Argument& a = call.arguments[0];
  const Argument& b = call.arguments[1];
  if (b.value.is_int() && b.value.integer <= 0) {
    body.report(b.span, Kind::InvalidArgument,
                fmt::format("divisor of `ceil_div` must be positive, found {}", b.value.integer));
    return Value::error();
  }
  Argument one{Value::of_int(1), call.span};
  Argument less{body.binary(BinaryOp::Subtract, b, one, call.span), b.span};
  Argument sum{body.binary(BinaryOp::Add, a, less, call.span), call.span};
  return body.binary(BinaryOp::Divide, sum, b, call.span);
}

}  // namespace tile::sema
