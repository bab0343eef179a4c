// Broadcasts, reshapes, permutations, slices, and reductions of a single element.
#include <algorithm>
#include <numeric>

#include "compiler/passes/rules/rules.h"

namespace tile::passes {

using namespace ir;

namespace {

enum Capture : int { X, Y };

bool is_any(const Scalar&) { return true; }

/// A shape op of a splat is a smaller or larger splat.
ValueId splat(Match& m) {
  const Type type = m.type();
  return m.build.constant(m.scalar(X), type.shape);
}

/// Nothing is moved: the value itself has the result's type.
ValueId take_x_of_same_type(Match& m) {
  return m.function().type(m.values[X]) == m.type() ? m.values[X] : ValueId();
}

ValueId broadcast_broadcast(Match& m) {
  const Type type = m.type();
  return m.build.broadcast(m.values[X], type.shape);
}

ValueId reshape_reshape(Match& m) {
  const Type type = m.type();
  return m.build.reshape(m.values[X], type.shape);
}

ValueId permute_identity(Match& m) {
  const std::vector<int>& order = std::get<PermuteAttrs>(m.op().attributes).order;
  return std::is_sorted(order.begin(), order.end()) ? m.values[X] : ValueId();
}

ValueId permute_permute(Match& m) {
  std::vector<int> order = std::get<PermuteAttrs>(m.op().attributes).order;
  const Op& inner = *m.function().defining_op(m.op().operands[0]);
  const std::vector<int>& first = std::get<PermuteAttrs>(inner.attributes).order;
  for (int& axis : order) axis = first[static_cast<std::size_t>(axis)];
  return m.build.permute(m.values[X], std::move(order));
}

/// Repeating a scalar into a shape needs no detour over a reshaped one.
ValueId broadcast_reshape(Match& m) {
  if (!m.function().type(m.values[X]).is_scalar()) return ValueId();
  return broadcast_broadcast(m);
}

ValueId slice_slice(Match& m) {
  std::vector<std::int64_t> offsets = std::get<SliceAttrs>(m.op().attributes).offsets;
  const Op& inner = *m.function().defining_op(m.op().operands[0]);
  const auto& first = std::get<SliceAttrs>(inner.attributes).offsets;
  for (std::size_t axis = 0; axis < offsets.size(); ++axis) offsets[axis] += first[axis];
  const Type type = m.type();
  return m.build.slice(m.values[X], std::move(offsets), type.shape);
}

/// A reduction along an axis of extent 1 moves one element (a float sum still ends with + 0.0).
ValueId reduce_one(Match& m) {
  const auto [kind, axis] = std::get<ReduceAttrs>(m.op().attributes);
  const Type from = m.function().type(m.values[X]);
  const Type to = m.type();
  if (from.shape[static_cast<std::size_t>(axis)] != 1) return ValueId();
  switch (kind) {
    case ReduceKind::Custom: return ValueId();
    case ReduceKind::ArgMax:
    case ReduceKind::ArgMin: return m.result_constant(0);
    case ReduceKind::Sum: {
      const ValueId value = m.build.reshape(m.values[X], to.shape);
      if (!is_float(to.element)) return value;
      return m.build.elementwise(OpCode::Add, {value, m.result_constant(0)});
    }
    case ReduceKind::Prod:
    case ReduceKind::Max:
    case ReduceKind::Min:
    case ReduceKind::Any:
    case ReduceKind::All:
    case ReduceKind::Xor: return m.build.reshape(m.values[X], to.shape);
  }
  TILE_UNREACHABLE("reduce kind");
}

/// So does a scan; of built-in kinds it is that element.
ValueId scan_one(Match& m) {
  const auto& attributes = std::get<ScanAttrs>(m.op().attributes);
  const Type from = m.function().type(m.values[X]);
  if (from.shape[static_cast<std::size_t>(attributes.axis)] != 1) return ValueId();
  if (attributes.kind == ReduceKind::Custom) return ValueId();
  const bool is_index =
      attributes.kind == ReduceKind::ArgMax || attributes.kind == ReduceKind::ArgMin;
  return is_index ? m.result_constant(0) : m.values[X];
}

}  // namespace

std::span<const Rule> shape_rules() {
  using enum OpCode;
  using Domain::Any;
  const Pattern x = any(X), c = constant(X, is_any);
  static const std::vector<Rule> rules = {
      {"broadcast-splat", Any, op(Broadcast, c), splat},
      {"reshape-splat", Any, op(Reshape, c), splat},
      {"permute-splat", Any, op(Permute, c), splat},
      {"slice-splat", Any, op(Slice, c), splat},
      {"concat-splat", Any, op(Concat, c, c), splat},
      {"broadcast-same", Any, op(Broadcast, x), take_x_of_same_type},
      {"reshape-same", Any, op(Reshape, x), take_x_of_same_type},
      {"slice-whole", Any, op(Slice, x), take_x_of_same_type},
      {"permute-identity", Any, op(Permute, x), permute_identity},
      {"broadcast-broadcast", Any, op(Broadcast, op(Broadcast, x)), broadcast_broadcast},
      {"broadcast-reshape", Any, op(Broadcast, op(Reshape, x)), broadcast_reshape},
      {"reshape-reshape", Any, op(Reshape, op(Reshape, x)), reshape_reshape},
      {"permute-permute", Any, op(Permute, op(Permute, x)), permute_permute},
      {"slice-slice", Any, op(Slice, op(Slice, x)), slice_slice},
      {"reduce-one", Any, op(Reduce, x), reduce_one},
      {"scan-one", Any, op(Scan, x), scan_one},
  };
  return rules;
}

}  // namespace tile::passes
