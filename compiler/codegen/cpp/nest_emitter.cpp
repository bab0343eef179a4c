// See nest_emitter.h. Loops and the values computed in them.
#include "compiler/codegen/cpp/nest_emitter.h"

#include <algorithm>

namespace tile::codegen {

using ir::Op;
using ir::OpCode;
using ir::ValueId;
using schedule::IndexMap;
using schedule::IndexTerm;
using schedule::Place;
using schedule::Sink;

namespace {

/// A loop body longer than this is written once, with the last vector's mask, instead of twice.
constexpr std::size_t large_body = 2500;

std::string_view index_names[] = {"i", "j", "k", "l", "m", "n"};

}  // namespace

NestEmitter::NestEmitter(KernelEmitter& kernel, const schedule::Nest& nest)
    : kernel_(kernel), nest_(nest), function_(kernel.function()), plan_(kernel.plan()) {
  levels_.emplace_back();
}

void NestEmitter::run() {
  kernel_.line("// Over {}:{}", ir::to_string(nest_.space), purpose());
  declare_results();
  for (std::size_t d = 0; d < nest_.space.size(); ++d) {
    indices_.push_back(kernel_.fresh(index_names[std::min(d, std::size(index_names) - 1)]));
    const schedule::Limit& limit = nest_.limits[d];
    std::string bound = fmt::format("{}", nest_.space[d]);
    if (!limit.is_none()) {
      const std::string count = kernel_.fresh("count");
      kernel_.line("const long {} = {};", count, kernel_.count(limit, nest_.space[d]));
      bound = count;
    }
    bounds_.push_back(std::move(bound));
  }
  open_loops(0);
  kernel_.append(levels_[0].text);
}

/// What the nest is for, as a comment: " stores y; sums total".
std::string NestEmitter::purpose() const {
  std::string text;
  const auto add = [&](std::string_view verb, std::string_view name) {
    text += fmt::format("{} {} {}", text.empty() ? "" : ";", verb, name.empty() ? "a tile" : name);
  };
  for (const Sink& sink : nest_.sinks) {
    const std::string& value = function_.values[sink.value].name;
    switch (sink.kind) {
      case Sink::Kind::Store: {
        const ValueId tensor = function_.ops[sink.op].operands[ir::op::Store::tensor];
        add("stores", function_.values[tensor].name);
        break;
      }
      case Sink::Kind::Fill:
        add("keeps", value);
        break;
      case Sink::Kind::Reduce:
        add("reduces", value);
        break;
      case Sink::Kind::Scan:
        add("scans", value);
        break;
    }
  }
  return text;
}

/// Scalars that the nest computes are declared before it.
void NestEmitter::declare_results() {
  const auto declare = [&](ValueId value) {
    if (!function_.type(value).is_scalar()) return;
    const std::string name = kernel_.fresh(value);
    kernel_.line("{} {};", scalar_type(function_.type(value).element), name);
    kernel_.bind(value, name);
  };
  for (const Sink& sink : nest_.sinks) {
    if (sink.kind == Sink::Kind::Fill && sink.buffer.is_none()) declare(sink.value);
    if (sink.kind != Sink::Kind::Reduce) continue;
    for (const ValueId result : function_.ops[sink.op].results) declare(result);
  }
}

void NestEmitter::open_loops(std::size_t depth) {
  const bool is_axis_next = depth < nest_.order.size() && nest_.order[depth] == nest_.axis;
  if (is_axis_next) begin_reductions();
  if (depth == nest_.order.size()) {
    emit_sinks();
  } else if (nest_.order[depth] == nest_.vector_dim) {
    open_block();
    vector_loop(depth);
    if (nest_.blocked_dim >= 0) levels_.back().text += "}\n";
  } else {
    scalar_loop(depth);
  }
  if (is_axis_next) end_reductions();
}

void NestEmitter::scalar_loop(std::size_t depth) {
  const int loop = nest_.order[depth];
  const std::string& i = indices_[static_cast<std::size_t>(loop)];
  const std::string& bound = bounds_[static_cast<std::size_t>(loop)];
  const std::string body = loop_body(depth, false);
  std::string head = fmt::format("long {0} = 0; {0} < {1}; ++{0}", i, bound);
  if (nest_.is_reversed && loop == nest_.axis) {
    head = fmt::format("long {0} = {1} - 1; {0} >= 0; --{0}", i, bound);
  } else if (loop == nest_.blocked_dim) {
    head = fmt::format("long {0} = {0}_block; {0} < {0}_end; ++{0}", i);
  }
  levels_.back().text += fmt::format("for ({}) {{\n{}}}\n", head, body);
}

/// The loop over blocks of the dimension whose own loop is innermost.
void NestEmitter::open_block() {
  if (nest_.blocked_dim < 0) return;
  const std::string& i = indices_[static_cast<std::size_t>(nest_.blocked_dim)];
  const std::string& bound = bounds_[static_cast<std::size_t>(nest_.blocked_dim)];
  levels_.back().text += fmt::format(
      "for (long {0}_block = 0; {0}_block < {1}; {0}_block += {2}) {{\n"
      "const long {0}_end = {0}_block + v::valid({1} - {0}_block, {2});\n",
      i, bound, schedule::Nest::block_extent);
}

std::string NestEmitter::loop_body(std::size_t depth, bool is_partial) {
  const std::string outer_left = left_;
  if (is_partial) {
    const auto dim = static_cast<std::size_t>(nest_.order[depth]);
    left_ = fmt::format("{} - {}", bounds_[dim], indices_[dim]);
  }
  levels_.emplace_back();
  open_loops(depth + 1);
  std::string text = std::move(levels_.back().text);
  levels_.pop_back();
  left_ = outer_left;
  return text;
}

/// Whole vectors, then the rest of the elements under a mask.
void NestEmitter::vector_loop(std::size_t depth) {
  const auto dim = static_cast<std::size_t>(nest_.order[depth]);
  const std::int64_t extent = nest_.space[dim];
  const int lanes = kernel_.lanes();
  const std::string& i = indices_[dim];
  const std::string& bound = bounds_[dim];
  const bool is_constant = nest_.limits[dim].is_none();
  if (is_constant && extent % lanes == 0) {
    const std::string body = loop_body(depth, false);
    levels_.back().text +=
        fmt::format("for (long {0} = 0; {0} < {1}; {0} += {2}) {{\n{3}}}\n", i, bound, lanes, body);
    return;
  }
  if (is_constant && extent < lanes) {
    const std::string body = loop_body(depth, true);
    levels_.back().text += fmt::format("{{\nconst long {} = 0;\n{}}}\n", i, body);
    return;
  }
  const std::string partial = loop_body(depth, true);
  if (partial.size() > large_body) {
    levels_.back().text += fmt::format("for (long {0} = 0; {0} < {1}; {0} += {2}) {{\n{3}}}\n", i,
                                       bound, lanes, partial);
    return;
  }
  const std::string whole = loop_body(depth, false);
  levels_.back().text += fmt::format(
      "{{\nlong {0} = 0;\nfor (; {0} + {2} <= {1}; {0} += {2}) {{\n{3}}}\nif ({0} < {1}) "
      "{{\n{4}}}\n}}\n",
      i, bound, lanes, whole, partial);
}

/// Everything is read before anything is written, so that an element may be updated in place.
void NestEmitter::emit_sinks() {
  std::vector<Term> terms;
  for (const Sink& sink : nest_.sinks) {
    const IndexMap map = schedule::identity_map(function_.type(sink.value).shape);
    const bool is_definition = sink.kind == Sink::Kind::Fill && sink.op.is_none();
    if (sink.source) {
      terms.push_back(read(buffer_address(sink.source, map, {}), function_.type(sink.value).element,
                           "", function_.values[sink.value].name));
      continue;
    }
    terms.push_back(value_at(sink.value, map, is_definition));
  }
  for (std::size_t s = 0; s < nest_.sinks.size(); ++s) {
    const Sink& sink = nest_.sinks[s];
    const ir::Type& type = function_.type(sink.value);
    const IndexMap map = schedule::identity_map(type.shape);
    if (sink.kind == Sink::Kind::Store) {
      write(tensor_address(function_.ops[sink.op], map), type.element, terms[s], false);
    } else if (sink.kind == Sink::Kind::Fill && sink.buffer.is_none()) {
      levels_.back().text += fmt::format("{} = {};\n", kernel_.scalar(sink.value), terms[s].text);
    } else if (sink.kind == Sink::Kind::Fill) {
      const bool may_overrun = sink.offsets.empty() && !plan_.buffers[sink.buffer].is_dense;
      write(buffer_address(sink.buffer, map, sink.offsets), type.element, terms[s], may_overrun);
    }
  }
  if (nest_.axis < 0) begin_reductions();
  for (Reduction& reduction : reductions_) update(reduction);
  if (nest_.axis < 0) end_reductions();
}

bool NestEmitter::is_own_fill(ValueId value, const IndexMap& map) const {
  return map == schedule::identity_map(function_.type(value).shape) &&
         std::ranges::any_of(nest_.sinks, [&](const Sink& sink) {
           return sink.kind == Sink::Kind::Fill && sink.op.is_none() && sink.value == value;
         });
}

/// The loop that must be open for a term of these dimensions: 1 + its position, or 0.
std::size_t NestEmitter::depth_of(unsigned dims) const {
  std::size_t depth = 0;
  for (std::size_t position = 0; position < nest_.order.size(); ++position) {
    if ((dims & bit(nest_.order[position])) != 0) depth = position + 1;
  }
  TILE_CHECK(depth < levels_.size(), "a value is needed outside the loop it depends on");
  return depth;
}

Term NestEmitter::define(std::string_view hint, const std::string& type,
                         const std::string& expression, unsigned dims, bool is_vector) {
  Level& level = levels_[depth_of(dims)];
  std::string& name = level.expressions[type + expression];
  if (name.empty()) {
    name = kernel_.fresh(hint);
    level.text += fmt::format("const {} {} = {};\n", type, name, expression);
  }
  return {name, dims, is_vector};
}

/// The index that a map term stands for, at lane 0.
Term NestEmitter::index(IndexTerm term) const {
  if (term.dim < 0) return {fmt::format("{}", term.offset), 0, false};
  const std::string& name = indices_[static_cast<std::size_t>(term.dim)];
  if (term.offset == 0) return {name, bit(term.dim), false};
  return {fmt::format("{} + {}", name, term.offset), bit(term.dim), false};
}

Term NestEmitter::value_at(ValueId value, const IndexMap& map, bool is_definition) {
  if (const auto known = bound_.find(value); known != bound_.end()) return known->second;
  if (function_.type(value).is_scalar() && !is_definition) return {kernel_.scalar(value), 0, false};
  const std::pair key(value, map);
  for (const Level& level : levels_) {
    const auto known = level.values.find(key);
    if (known != level.values.end()) return known->second;
  }
  const bool is_stored = plan_.places[value].kind == Place::Kind::Stored;
  Term term;
  if (is_stored && !is_definition && !is_own_fill(value, map)) {
    term = read(buffer_address(plan_.places[value].buffer, map, {}), function_.type(value).element,
                "", function_.values[value].name);
  } else {
    term = compute(value, map);
  }
  levels_[depth_of(term.dims)].values[key] = term;
  return term;
}

Term NestEmitter::compute(ValueId value, const IndexMap& map) {
  const Op& op = *function_.defining_op(value);
  if (const auto view = schedule::operand_map(function_, op, map)) {
    return value_at(op.operands[0], *view);
  }
  if (op.code == OpCode::Constant) {
    return {literal(std::get<ir::ConstantAttrs>(op.attributes).value), 0, false};
  }
  if (op.code == OpCode::Iota) return iota_at(op, map);
  if (op.code == OpCode::Load) {
    const std::string pad = kernel_.scalar(op.operands[ir::op::Load::pad]);
    return read(tensor_address(op, map), function_.type(value).element, pad,
                function_.values[value].name);
  }
  return elementwise_at(op, map);
}

Term NestEmitter::elementwise_at(const Op& op, const IndexMap& map) {
  std::vector<Term> terms;
  unsigned dims = 0;
  bool is_vector = false;
  for (const ValueId operand : op.operands) {
    terms.push_back(value_at(operand, map));
    dims |= terms.back().dims;
    is_vector |= terms.back().is_vector;
  }
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const ir::ElementType element = function_.type(op.operands[i]).element;
    texts.push_back(is_vector ? splat(terms[i], element) : terms[i].text);
  }
  const ValueId result = op.results[0];
  const ir::ElementType element = function_.type(result).element;
  return define(function_.values[result].name,
                is_vector ? vector_type(element) : scalar_type(element),
                elementwise(function_, op, texts, is_vector), dims, is_vector);
}

Term NestEmitter::iota_at(const Op& op, const IndexMap& map) {
  const auto axis = static_cast<std::size_t>(std::get<ir::AxisAttrs>(op.attributes).axis);
  const ir::ElementType element = function_.type(op.results[0]).element;
  const Term position = index(map[axis]);
  const bool is_vector = map[axis].dim >= 0 && map[axis].dim == nest_.vector_dim;
  if (is_vector) {
    return define("iota", vector_type(element),
                  fmt::format("v::iota<{}>({})", vector_type(element), position.text),
                  position.dims, true);
  }
  return define("iota", scalar_type(element),
                fmt::format("({})({})", scalar_type(element), position.text), position.dims, false);
}

}  // namespace tile::codegen
