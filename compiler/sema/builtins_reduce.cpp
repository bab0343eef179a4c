// Builtins along an axis: reductions, scans, dot. Their orders are NUMERICS' and stated in
// docs/language.md.
#include <fmt/format.h>

#include "compiler/sema/builtin_handlers.h"

namespace tile::sema {

using ir::ElementType;
using ir::ReduceKind;

namespace {

/// The axis argument, or 0 when it is left out and the rank is 1.
std::optional<int> axis_of(Body& body, const Call& call, const ir::Type& type,
                           const Argument* written) {
  if (type.rank() == 0) {
    body.report(call.span, Kind::InvalidArgument,
                fmt::format("`{}` needs a tile, found the scalar `{}`", call.name,
                            ir::to_string(type)));
    return std::nullopt;
  }
  if (!written) {
    if (type.rank() == 1) return 0;
    body.report(call.span, Kind::InvalidArgument,
                fmt::format("`{}` of `{}` needs an axis", call.name, ir::to_string(type)))
        .help(fmt::format("write `{}(x, {})` for the last one", call.name, type.rank() - 1));
    return std::nullopt;
  }
  auto axis = body.constant_int(*written, "an axis");
  if (!axis) return std::nullopt;
  if (*axis >= 0 && *axis < type.rank()) return static_cast<int>(*axis);
  body.report(written->span, Kind::InvalidAxis, *axis, type.rank());
  return std::nullopt;
}

ReduceKind reduce_kind(std::string_view name) {
  if (name == "prod" || name == "cumprod") return ReduceKind::Prod;
  if (name == "reduce_max") return ReduceKind::Max;
  if (name == "reduce_min") return ReduceKind::Min;
  if (name == "argmax") return ReduceKind::ArgMax;
  if (name == "argmin") return ReduceKind::ArgMin;
  if (name == "any") return ReduceKind::Any;
  if (name == "all") return ReduceKind::All;
  if (name == "reduce_xor") return ReduceKind::Xor;
  return ReduceKind::Sum;
}

bool accepts_kind(ReduceKind kind, ElementType element) {
  switch (kind) {
    case ReduceKind::Any: case ReduceKind::All: return element == ElementType::Bool;
    case ReduceKind::Xor: return ir::is_integer(element);
    case ReduceKind::Sum: case ReduceKind::Prod: case ReduceKind::Max: case ReduceKind::Min:
    case ReduceKind::ArgMax: case ReduceKind::ArgMin: case ReduceKind::Custom:
      return element != ElementType::Bool;
  }
  return false;
}

std::optional<Value> operand_of(Body& body, const Call& call, ReduceKind kind) {
  auto value = body.tile(call.arguments[0]);
  if (!value || accepts_kind(kind, value->type.element)) return value;
  auto builder = body.report(call.span, Kind::InvalidOperand, call.name,
                             ir::to_string(value->type));
  if (value->type.element == ElementType::Bool) builder.help("convert with `i64(...)` to count");
  return std::nullopt;
}

const Argument* written_axis(const Call& call) {
  return call.arguments.size() > 1 ? &call.arguments[1] : nullptr;
}

/// Fills the region of a custom reduction or scan: one call of the function on (left..., right...).
bool fill_combine(Body& body, const Call& call, ir::BlockId region,
                  const std::vector<ir::Type>& types) {
  ir::Builder& builder = body.builder();
  ir::BlockId outer = builder.block();
  builder.set_block(region);
  std::vector<Argument> arguments;
  for (ir::ValueId id : std::vector(body.function().blocks[region].arguments)) {
    arguments.push_back({body.tile_value(id), call.span});
  }
  Value combined = body.call_value(call.generics[0], std::move(arguments), call.span);
  std::vector<Value> values{combined};
  if (combined.kind == Value::Kind::Tuple) values = combined.elements;
  std::vector<ir::ValueId> ids;
  for (std::size_t i = 0; i < values.size() && i < types.size(); ++i) {
    if (values[i].is_tile() && values[i].type == ir::Type::scalar(types[i].element)) {
      ids.push_back(values[i].id);
    }
  }
  bool is_ok = ids.size() == types.size() && values.size() == types.size();
  if (is_ok) {
    builder.yield(ids);
  } else if (!combined.is_error()) {
    body.report(call.span, Kind::InvalidArgument,
                fmt::format("the function of `{}` must give {} scalars of the values' types",
                            call.name, types.size()))
        .note(call.generics[0].span, fmt::format("it gives {}", describe(combined)));
  }
  builder.set_block(outer);
  return is_ok;
}

Value call_custom(Body& body, const Call& call, bool is_scan) {
  if (call.generics.size() != 1) {
    body.report(call.span, Kind::GenericArgument, fmt::format("`{}` needs a function", call.name))
        .help(fmt::format("write `{}<combine>(x, axis)`", call.name));
    return Value::error();
  }
  std::vector<ir::ValueId> ids;
  std::vector<ir::Type> types;
  for (std::size_t i = 0; i + 1 < call.arguments.size(); ++i) {
    auto value = body.tile(call.arguments[i]);
    if (!value) return Value::error();
    ids.push_back(value->id);
    types.push_back(value->type);
    if (types.back().shape != types.front().shape) {
      body.shape_mismatch(call.span, call.arguments[0], call.arguments[i]);
      return Value::error();
    }
  }
  auto axis = axis_of(body, call, types.front(), &call.arguments.back());
  if (!axis) return Value::error();
  body.builder().set_span(call.span);
  ir::BlockId region;
  std::vector<ir::ValueId> results =
      is_scan ? body.builder().scan_custom(*axis, false, ids, region)
              : body.builder().reduce_custom(*axis, ids, region);
  if (!fill_combine(body, call, region, types)) return Value::error();
  if (results.size() == 1) return body.tile_value(results[0]);
  std::vector<Value> values;
  for (ir::ValueId id : results) values.push_back(body.tile_value(id));
  return Value::of_tuple(std::move(values));
}

}  // namespace

Value call_reduction(Body& body, const Call& call) {
  ReduceKind kind = reduce_kind(call.name);
  auto value = operand_of(body, call, kind);
  if (!value) return Value::error();
  auto axis = axis_of(body, call, value->type, written_axis(call));
  if (!axis) return Value::error();
  body.builder().set_span(call.span);
  return body.tile_value(body.builder().reduce(kind, *axis, value->id));
}

Value call_scan(Body& body, const Call& call) {
  ReduceKind kind = reduce_kind(call.name);
  auto value = operand_of(body, call, kind);
  if (!value) return Value::error();
  auto axis = axis_of(body, call, value->type, written_axis(call));
  if (!axis) return Value::error();
  body.builder().set_span(call.span);
  return body.tile_value(body.builder().scan(kind, *axis, false, value->id));
}

Value call_custom_reduce(Body& body, const Call& call) { return call_custom(body, call, false); }

Value call_custom_scan(Body& body, const Call& call) { return call_custom(body, call, true); }

Value call_dot(Body& body, const Call& call) {
  std::vector<Value> values;
  for (std::size_t i = 0; i < 3; ++i) {
    auto value = body.tile_of(call.arguments[i], ElementType::F32);
    if (!value) return Value::error();
    values.push_back(*value);
  }
  ir::Precision precision = ir::Precision::Fp32;
  if (call.arguments.size() == 4) {
    const Argument& written = call.arguments[3];
    if (written.value.kind != Value::Kind::Precision) {
      body.report(written.span, Kind::InvalidArgument,
                  fmt::format("expected a precision, found {}", describe(written.value)))
          .help("write `fp32` or `tf32`");
      return Value::error();
    }
    precision = written.value.precision;
  }
  const ir::Shape &a = values[0].type.shape, &b = values[1].type.shape, &c = values[2].type.shape;
  std::size_t rank = a.size();
  if (rank < 2 || b.size() != rank || c.size() != rank) {
    body.report(call.span, Kind::InvalidArgument,
                fmt::format("`dot` needs tiles of one rank, at least 2, found `{}`, `{}`, `{}`",
                            ir::to_string(values[0].type), ir::to_string(values[1].type),
                            ir::to_string(values[2].type)));
    return Value::error();
  }
  bool has_equal_batch = std::equal(a.begin(), a.end() - 2, b.begin());
  if (a[rank - 1] != b[rank - 2] || !has_equal_batch) {
    body.shape_mismatch(call.span, call.arguments[0], call.arguments[1]);
    return Value::error();
  }
  ir::Shape expected = a;
  expected[rank - 1] = b[rank - 1];
  if (c != expected) {
    body.report(call.span, Kind::ShapeMismatch,
                ir::to_string(ir::Type::tile(ElementType::F32, expected)),
                ir::to_string(values[2].type))
        .note(call.arguments[2].span, "the accumulator must have the shape of the product");
    return Value::error();
  }
  body.builder().set_span(call.span);
  return body.tile_value(
      body.builder().dot(values[0].id, values[1].id, values[2].id, precision));
}

}  // namespace tile::sema
