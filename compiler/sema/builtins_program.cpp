// Builtins about the running program: its place in the grid, promises, checks, printing.
#include <fmt/format.h>

#include "compiler/sema/builtin_handlers.h"

namespace tile::sema {

Value call_program(Body& body, const Call& call) {
  int rank = body.grid_rank();
  if (rank == 0) {
    body.report(call.span, Kind::InvalidArgument, "`program` is for the body of a kernel");
    return Value::error();
  }
  std::vector<Value> coordinates;
  for (int axis = 0; axis < rank; ++axis) {
    coordinates.push_back(body.tile_value(body.builder().program_id(axis)));
  }
  return rank == 1 ? coordinates[0] : Value::of_tuple(std::move(coordinates));
}

Value call_assume(Body& body, const Call& call) {
  auto condition = body.scalar_condition(call.arguments[0]);
  if (!condition) return Value::error();
  body.builder().set_span(call.span);
  body.builder().assume(*condition);
  return Value::none();
}

Value call_assert(Body& body, const Call& call) {
  auto condition = body.tile_of(call.arguments[0], ir::ElementType::Bool);
  if (!condition) return Value::error();
  body.builder().set_span(call.span);
  body.builder().assert_true(condition->id, std::string(call.message));
  return Value::none();
}

Value call_static_assert(Body& body, const Call& call) {
  const Argument& condition = call.arguments[0];
  if (condition.value.kind != Value::Kind::Bool) {
    body.report(condition.span, Kind::NotConstant, "the condition of `static_assert`")
        .note(fmt::format("this is {}", describe(condition.value)));
    return Value::error();
  }
  if (condition.value.integer) return Value::none();
  auto builder = body.report(condition.span, Kind::StaticAssertFailed,
                             call.message.empty() ? "the condition is false" : call.message);
  if (!body.function().instance.empty()) {
    builder.note(fmt::format("in the instance {}", body.function().instance));
  }
  return Value::error();
}

Value call_print(Body& body, const Call& call) {
  std::vector<ir::ValueId> ids;
  for (const Argument& argument : call.arguments) {
    auto value = body.tile(argument);
    if (!value) return Value::error();
    ids.push_back(value->id);
  }
  body.builder().set_span(call.span);
  body.builder().print(ids, std::string(call.message));
  return Value::none();
}

}  // namespace tile::sema
