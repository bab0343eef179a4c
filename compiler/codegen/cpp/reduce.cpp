// See nest_emitter.h. Reductions and scans: partial results declared before the loop over the axis,
// updated in its body, combined after it.
#include <algorithm>
#include <bit>

#include "compiler/codegen/cpp/nest_emitter.h"

namespace tile::codegen {

using ir::ElementType;
using ir::Op;
using ir::ReduceKind;
using ir::ValueId;
using schedule::IndexMap;
using schedule::Sink;

namespace {

constexpr std::int64_t sum_lanes = 256;  // NUMERICS: sum and prod

bool is_rows(ReduceKind kind, ElementType element) {
  return (kind == ReduceKind::Sum || kind == ReduceKind::Prod) && ir::is_float(element);
}

/// The prelude's name of the combination.
std::string_view combine_name(ReduceKind kind) {
  switch (kind) {
    using enum ReduceKind;
    case Sum:
      return "v::Add";
    case Prod:
      return "v::Multiply";
    case Max:
      return "v::Max";
    case Min:
      return "v::Min";
    case Any:
      return "v::Or";
    case All:
      return "v::And";
    case Xor:
      return "v::Xor";
    case ArgMax:
    case ArgMin:
    case Custom:
      break;
  }
  TILE_UNREACHABLE("not a built-in combination");
}

/// What combines with x to x.
std::string identity(ReduceKind kind, ElementType element) {
  using ir::Scalar;
  const int bits = 8 * ir::byte_size(element);
  const bool is_max = kind == ReduceKind::Max;
  switch (kind) {
    using enum ReduceKind;
    case Sum:
    case Any:
    case Xor:
      return literal(Scalar{element, 0});
    case Prod:
      return literal(element == ElementType::F32 ? Scalar::from_float(1)
                                                 : Scalar::from_int(element, 1));
    case All:
      return literal(element == ElementType::Bool ? Scalar::from_bool(true)
                                                  : Scalar::from_int(element, -1));
    case Max:
    case Min:
      if (element == ElementType::Bool) return literal(Scalar::from_bool(!is_max));
      if (ir::is_float(element)) return is_max ? "-__builtin_inff()" : "__builtin_inff()";
      if (!ir::is_signed(element)) return literal(Scalar::from_int(element, is_max ? 0 : -1));
      {
        const auto lowest = static_cast<std::int64_t>(~0ull << (bits - 1));
        return literal(Scalar::from_int(element, is_max ? lowest : ~lowest));
      }
    case ArgMax:
    case ArgMin:
    case Custom:
      break;
  }
  TILE_UNREACHABLE("no identity");
}

ReduceKind kind_of(const Op& op) {
  return op.code == ir::OpCode::Scan ? std::get<ir::ScanAttrs>(op.attributes).kind
                                     : std::get<ir::ReduceAttrs>(op.attributes).kind;
}

int axis_of(const Op& op) {
  return op.code == ir::OpCode::Scan ? std::get<ir::ScanAttrs>(op.attributes).axis
                                     : std::get<ir::ReduceAttrs>(op.attributes).axis;
}

}  // namespace

void NestEmitter::begin_reductions() {
  reductions_.clear();
  for (const Sink& sink : nest_.sinks) {
    if (sink.kind != Sink::Kind::Reduce && sink.kind != Sink::Kind::Scan) continue;
    reductions_.push_back({.sink = &sink, .state = {}});
    begin(reductions_.back());
  }
}

void NestEmitter::end_reductions() {
  // A second copy of the loop (the last vector's) starts afresh, so keep nothing.
  for (Reduction& reduction : std::exchange(reductions_, {})) end(reduction);
}

void NestEmitter::begin(Reduction& reduction) {
  const Op& op = function_.ops[reduction.sink->op];
  const ReduceKind kind = kind_of(op);
  const bool has_vectors = nest_.vector_dim >= 0;
  const auto declare = [&](ElementType element, const std::string& initial, std::string_view hint) {
    const std::string name = kernel_.fresh(hint);
    const std::string value = has_vectors ? splat({initial, 0, false}, element) : initial;
    levels_.back().text += fmt::format(
        "{} {} = {};\n", has_vectors ? vector_type(element) : scalar_type(element), name, value);
    reduction.state.push_back(name);
  };
  const ElementType element = function_.type(reduction.sink->value).element;
  const std::string& hint = function_.values[op.results[0]].name;
  if (kind == ReduceKind::Custom || op.code == ir::OpCode::Scan) {
    for (const ValueId operand : op.operands) {
      declare(function_.type(operand).element, literal({function_.type(operand).element, 0}), hint);
    }
    if (kind != ReduceKind::Custom) declare(element, literal({element, 0}), hint + "_total");
  } else if (kind == ReduceKind::ArgMax || kind == ReduceKind::ArgMin) {
    declare(element, literal({element, 0}), hint + "_best");
    declare(ElementType::I64, "0l", hint);
  } else if (!is_rows(kind, element)) {
    declare(element, identity(kind, element), hint);
  } else {
    const std::int64_t extent =
        nest_.axis < 0 ? 1 : nest_.space[static_cast<std::size_t>(nest_.axis)];
    const auto power = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(extent)));
    reduction.rows = std::min(power, sum_lanes);
    if (is_axis_vector())
      reduction.rows = std::max<std::int64_t>(1, reduction.rows / kernel_.lanes());
    if (reduction.rows == 1) return declare(element, identity(kind, element), hint);
    const std::string name = kernel_.fresh(hint);
    levels_.back().text += fmt::format(
        "{} {}[{}] = {{}};\n", has_vectors ? vector_type(element) : "float", name, reduction.rows);
    if (kind == ReduceKind::Prod) {
      levels_.back().text += fmt::format("for (auto& row : {}) row += 1.0f;\n", name);
    }
    reduction.state.push_back(name);
  }
}

void NestEmitter::update(Reduction& reduction) {
  const Op& op = function_.ops[reduction.sink->op];
  const ReduceKind kind = kind_of(op);
  if (kind == ReduceKind::Custom) return update_custom(reduction);
  if (op.code == ir::OpCode::Scan) return update_scan(reduction);
  if (kind == ReduceKind::ArgMax || kind == ReduceKind::ArgMin) return update_arg(reduction);
  const ValueId operand = reduction.sink->value;
  const ElementType element = function_.type(operand).element;
  const Term term = value_at(operand, schedule::identity_map(function_.type(operand).shape));
  std::string x = nest_.vector_dim >= 0 ? splat(term, element) : term.text;
  if (is_axis_vector() && !left_.empty()) {
    const std::string mask = lane_mask({}, true, false);
    x = fmt::format("v::select<{}>({}, {}, {})", vector_type(element), mask, x,
                    splat({identity(kind, element), 0, false}, element));
  }
  std::string into = reduction.state[0];
  if (reduction.rows > 1) {
    const std::string& i = indices_[static_cast<std::size_t>(nest_.axis)];
    const std::string row = is_axis_vector() ? fmt::format("{} / {}", i, kernel_.lanes()) : i;
    const std::int64_t extent = nest_.space[static_cast<std::size_t>(nest_.axis)];
    into += extent > sum_lanes ? fmt::format("[{} % {}]", row, reduction.rows)
                               : fmt::format("[{}]", row);
  }
  levels_.back().text += fmt::format("{0} = {1}::of({0}, {2});\n", into, combine_name(kind), x);
}

/// The first of the extreme elements; the first NaN beats all.
void NestEmitter::update_arg(Reduction& reduction) {
  const Op& op = function_.ops[reduction.sink->op];
  const ValueId operand = reduction.sink->value;
  const ElementType element = function_.type(operand).element;
  const Term term = value_at(operand, schedule::identity_map(function_.type(operand).shape));
  if (nest_.axis < 0) return;  // one element: its index is 0
  const bool has_vectors = nest_.vector_dim >= 0;
  const std::string x = has_vectors ? splat(term, element) : term.text;
  const std::string& i = indices_[static_cast<std::size_t>(nest_.axis)];
  const std::string& best = reduction.state[0];
  const std::string sign = kind_of(op) == ReduceKind::ArgMax ? ">" : "<";
  const std::string better =
      ir::is_float(element)
          ? fmt::format("({0} {1} {2}) | (({0} != {0}) & ({2} == {2}))", x, sign, best)
          : fmt::format("{} {} {}", x, sign, best);
  const std::string is_first = fmt::format("{} == 0", i);
  if (has_vectors) {
    const std::string name = kernel_.fresh("is_better");
    levels_.back().text += fmt::format(
        "const v::mask {0} = v::to_mask({1}) | v::splat_mask({2});\n{3} = v::select({0}, {4}, "
        "{3});\n"
        "{5} = v::select({0}, v::splat<v::i64>({6}), {5});\n",
        name, better, is_first, best, x, reduction.state[1], i);
  } else {
    levels_.back().text += fmt::format("if ({} || ({})) {{\n{} = {};\n{} = {};\n}}\n", is_first,
                                       better, best, x, reduction.state[1], i);
  }
}

/// How many elements of the axis came before this one.
std::string NestEmitter::axis_step() const {
  if (nest_.axis < 0) return "0";
  const auto at = static_cast<std::size_t>(nest_.axis);
  if (!nest_.is_reversed) return indices_[at];
  return fmt::format("({} - {})", nest_.space[at] - 1, indices_[at]);
}

/// left = the state, right = the element; the first element is taken as it is.
void NestEmitter::update_custom(Reduction& reduction) {
  const Op& op = function_.ops[reduction.sink->op];
  const ir::Block& region = function_.blocks[op.regions[0]];
  const bool has_vectors = nest_.vector_dim >= 0;
  const std::size_t count = op.operands.size();
  const unsigned all = bit(nest_.vector_dim) | bit(nest_.axis);
  std::vector<std::string> elements;
  for (std::size_t r = 0; r < count; ++r) {
    const ir::Type& type = function_.type(op.operands[r]);
    const Term term = value_at(op.operands[r], schedule::identity_map(type.shape));
    elements.push_back(has_vectors ? splat(term, type.element) : term.text);
    // Arguments are locals of this iteration: the state changes below.
    const std::string left = kernel_.fresh("left");
    levels_.back().text += fmt::format("const auto {} = {};\n", left, reduction.state[r]);
    bound_[region.arguments[r]] = {left, all, has_vectors};
    bound_[region.arguments[count + r]] = {elements[r], all, has_vectors};
  }
  for (const ir::OpId id : region.ops) {
    const Op& inner = function_.ops[id];
    if (ir::info(inner.code).is_elementwise()) bound_[inner.results[0]] = elementwise_at(inner, {});
  }
  const std::vector<ValueId>& yields = function_.ops[region.ops.back()].operands;
  for (std::size_t r = 0; r < count; ++r) {
    const ElementType element = function_.type(op.operands[r]).element;
    const Term next = value_at(yields[r], {});
    const std::string combined = has_vectors ? splat(next, element) : next.text;
    levels_.back().text += fmt::format("{} = {} == 0 ? {} : {};\n", reduction.state[r], axis_step(),
                                       elements[r], combined);
  }
  if (op.code != ir::OpCode::Scan) return;
  for (std::size_t r = 0; r < count; ++r) {
    const ir::Type& type = function_.type(op.results[r]);
    write(
        buffer_address(plan_.places[op.results[r]].buffer, schedule::identity_map(type.shape), {}),
        type.element, {reduction.state[r], 0, has_vectors}, false);
  }
}

/// Running combination in blocks of 256, each then combined with the total of the blocks before.
void NestEmitter::update_scan(Reduction& reduction) {
  const Op& op = function_.ops[reduction.sink->op];
  const ValueId operand = reduction.sink->value;
  const ir::Type& type = function_.type(operand);
  const IndexMap map = schedule::identity_map(type.shape);
  const Term term = value_at(operand, map);
  const std::string x = nest_.vector_dim >= 0 ? splat(term, type.element) : term.text;
  const std::string_view combine = combine_name(kind_of(op));
  const std::string i = axis_step();
  const std::string& running = reduction.state[0];
  const std::string& total = reduction.state[1];
  const std::string result = kernel_.fresh(function_.values[op.results[0]].name);
  levels_.back().text += fmt::format(
      "{0} = {1} % 256 == 0 ? {2} : {3}::of({0}, {2});\n"
      "const auto {4} = {1} < 256 ? {0} : {3}::of({5}, {0});\n"
      "if ({1} % 256 == 255) {5} = {4};\n",
      running, i, x, combine, result, total);
  write(buffer_address(plan_.places[op.results[0]].buffer, map, {}), type.element,
        {result, 0, nest_.vector_dim >= 0}, false);
}

void NestEmitter::end(Reduction& reduction) {
  const Op& op = function_.ops[reduction.sink->op];
  if (op.code == ir::OpCode::Scan) return;
  const ReduceKind kind = kind_of(op);
  const ElementType element = function_.type(reduction.sink->value).element;
  const int axis = axis_of(op);
  const bool is_vector = nest_.vector_dim >= 0 && !is_axis_vector();
  if (kind == ReduceKind::Custom) {
    for (std::size_t r = 0; r < op.results.size(); ++r) {
      write_result(op.results[r], {reduction.state[r], 0, is_vector}, op, axis);
    }
    return;
  }
  if (kind == ReduceKind::ArgMax || kind == ReduceKind::ArgMin) {
    return write_result(op.results[0], {reduction.state[1], 0, is_vector}, op, axis);
  }
  std::string text = reduction.state[0];
  if (reduction.rows > 1) {
    text = fmt::format("v::fold_rows<{}, {}>({})", combine_name(kind), reduction.rows, text);
  }
  if (is_axis_vector()) {
    text = fmt::format("v::fold_lanes<{}>({})", combine_name(kind), text);
    if (element == ElementType::Bool) text += " != 0";
  }
  if (kind == ReduceKind::Sum && ir::is_float(element)) text += " + 0.0f";
  write_result(op.results[0], {text, 0, is_vector}, op, axis);
}

/// The result's dimensions are the operand's without the axis.
void NestEmitter::write_result(ValueId result, const Term& term, const Op& op, int axis) {
  if (function_.type(result).is_scalar()) {
    levels_.back().text += fmt::format("{} = {};\n", kernel_.scalar(result), term.text);
    return;
  }
  IndexMap map = schedule::identity_map(function_.type(op.operands[0]).shape);
  map.erase(map.begin() + axis);
  write(buffer_address(plan_.places[result].buffer, map, {}), function_.type(result).element, term,
        !plan_.buffers[plan_.places[result].buffer].is_dense);
}

}  // namespace tile::codegen
