// Builtins that make tiles and change their shape.
#include <fmt/format.h>

#include "compiler/sema/builtin_handlers.h"
#include "compiler/sema/type_rules.h"

namespace tile::sema {

namespace {

/// The type of `zeros<f32>[M, N]`.
std::optional<ir::Type> created_type(Body& body, const Call& call) {
  bool has_type =
      call.generics.size() == 1 && call.generics[0].value.kind == Value::Kind::Element;
  if (!has_type) {
    body.report(call.span, Kind::GenericArgument,
                fmt::format("`{}` needs an element type", call.name))
        .help(fmt::format("write `{}<f32>[...]`", call.name));
    return std::nullopt;
  }
  auto shape = body.extents(call.shape, call.span);
  if (!shape) return std::nullopt;
  return ir::Type::tile(call.generics[0].value.element, std::move(*shape));
}

/// The extents after the first argument, for reshape and broadcast.
std::optional<ir::Shape> trailing_extents(Body& body, const Call& call) {
  return body.extents({call.arguments.begin() + 1, call.arguments.end()}, call.span);
}

}  // namespace

Value call_zeros(Body& body, const Call& call) {
  auto type = created_type(body, call);
  if (!type) return Value::error();
  return body.tile_value(body.builder().constant({type->element, 0}, type->shape));
}

Value call_full(Body& body, const Call& call) {
  auto type = created_type(body, call);
  if (!type) return Value::error();
  auto value = body.fit(call.arguments[0], *type);
  return value ? body.tile_value(*value) : Value::error();
}

Value call_iota(Body& body, const Call& call) {
  auto type = created_type(body, call);
  if (!type) return Value::error();
  if (type->rank() != 1 || !ir::is_integer(type->element)) {
    body.report(call.span, Kind::InvalidArgument, "`iota` makes a rank-1 tile of integers")
        .help("write `iota<i64>[N]`, and `[:, None]` after it for more dimensions");
    return Value::error();
  }
  return body.tile_value(body.builder().iota(type->element, type->shape, 0));
}

Value call_reshape(Body& body, const Call& call) {
  auto value = body.tile(call.arguments[0]);
  auto shape = trailing_extents(body, call);
  if (!value || !shape) return Value::error();
  if (ir::element_count(*shape) != ir::element_count(value->type.shape)) {
    ir::Type wanted = value->type.with_shape(*shape);
    body.report(call.span, Kind::ShapeMismatch, ir::to_string(value->type), ir::to_string(wanted))
        .note("`reshape` keeps the number of elements");
    return Value::error();
  }
  body.builder().set_span(call.span);
  return body.tile_value(body.builder().reshape(value->id, std::move(*shape)));
}

Value call_broadcast(Body& body, const Call& call) {
  auto value = body.tile(call.arguments[0]);
  auto shape = trailing_extents(body, call);
  if (!value || !shape) return Value::error();
  auto common = broadcast_shapes(value->type.shape, *shape);
  if (!common || *common != *shape) {
    ir::Type wanted = value->type.with_shape(*shape);
    body.report(call.span, Kind::ShapeMismatch, ir::to_string(value->type), ir::to_string(wanted))
        .note("`broadcast` repeats scalars and dimensions of extent 1");
    return Value::error();
  }
  body.builder().set_span(call.span);
  return body.tile_value(body.builder().broadcast(value->id, std::move(*shape)));
}

Value call_transpose(Body& body, const Call& call) {
  auto value = body.tile(call.arguments[0]);
  if (!value) return Value::error();
  if (value->type.rank() != 2) {
    body.report(call.span, Kind::InvalidArgument,
                fmt::format("`transpose` needs rank 2, found `{}`", ir::to_string(value->type)))
        .help("`permute(t, 1, 0, 2)` reorders more dimensions");
    return Value::error();
  }
  return body.tile_value(body.builder().permute(value->id, {1, 0}));
}

Value call_permute(Body& body, const Call& call) {
  auto value = body.tile(call.arguments[0]);
  if (!value) return Value::error();
  int rank = value->type.rank();
  std::vector<int> order;
  std::vector<bool> seen(static_cast<std::size_t>(rank), false);
  for (std::size_t i = 1; i < call.arguments.size(); ++i) {
    auto axis = body.constant_int(call.arguments[i], "an axis");
    if (!axis) return Value::error();
    if (*axis < 0 || *axis >= rank) {
      body.report(call.arguments[i].span, Kind::InvalidAxis, *axis, rank);
      return Value::error();
    }
    seen[static_cast<std::size_t>(*axis)] = true;
    order.push_back(static_cast<int>(*axis));
  }
  bool is_permutation = static_cast<int>(order.size()) == rank;
  for (bool is_seen : seen) is_permutation &= is_seen;
  if (!is_permutation) {
    body.report(call.span, Kind::InvalidArgument,
                fmt::format("`permute` needs every axis of `{}` once", ir::to_string(value->type)));
    return Value::error();
  }
  return body.tile_value(body.builder().permute(value->id, std::move(order)));
}

Value call_concat(Body& body, const Call& call) {
  const Argument& first = call.arguments[0];
  const Argument& second = call.arguments[1];
  auto element = body.common_element({first, second}, call.span);
  if (!element) return Value::error();
  auto lhs = body.tile_of(first, *element);
  auto rhs = body.tile_of(second, *element);
  auto axis = body.constant_int(call.arguments[2], "an axis");
  if (!lhs || !rhs || !axis) return Value::error();
  ir::Shape a = lhs->type.shape, b = rhs->type.shape;
  int rank = lhs->type.rank();
  if (*axis < 0 || *axis >= rank) {
    body.report(call.arguments[2].span, Kind::InvalidAxis, *axis, rank);
    return Value::error();
  }
  auto at = static_cast<std::size_t>(*axis);
  ir::Shape joined = a;
  if (a.size() == b.size()) {
    joined[at] += b[at];
    b[at] = a[at];
  }
  if (a != b) {
    body.shape_mismatch(call.span, {*lhs, first.span}, {*rhs, second.span});
    return Value::error();
  }
  if (!extent_problem(joined).empty()) {
    body.report(call.span, Kind::ExtentOverflow, ir::to_string(joined), max_tile_elements);
    return Value::error();
  }
  body.builder().set_span(call.span);
  return body.tile_value(body.builder().concat(lhs->id, rhs->id, static_cast<int>(*axis)));
}

Value call_size(Body& body, const Call& call) {
  const Value& value = call.arguments[0].value;
  auto axis = body.constant_int(call.arguments[1], "an axis");
  if (!axis) return Value::error();
  if (!value.is_tensor() && !body.tile(call.arguments[0])) return Value::error();
  int rank = value.is_tensor() || value.is_tile() ? value.type.rank() : 0;
  if (*axis < 0 || *axis >= rank) {
    body.report(call.arguments[1].span, Kind::InvalidAxis, *axis, rank);
    return Value::error();
  }
  if (value.is_tile()) return Value::of_int(value.type.shape[static_cast<std::size_t>(*axis)]);
  body.builder().set_span(call.span);
  return body.tile_value(body.builder().dim(value.id, static_cast<int>(*axis)));
}

}  // namespace tile::sema
