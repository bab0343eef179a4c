// See work.h.
#include "compiler/schedule/work.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace tile::schedule {

using ir::AccessDim;
using ir::Op;
using ir::OpCode;
using ir::ValueId;

namespace {

/// Follows what a nest computes from its sinks; each value counts once per element it depends on.
class Counter {
 public:
  Counter(const ir::Function& function, const Plan& plan, const Nest& nest)
      : function_(function), plan_(plan), nest_(nest) {}
  Work run();

 private:
  void visit(ValueId value, const IndexMap& map, bool is_definition);
  void visit_access(ir::OpId id, const IndexMap& map, std::int64_t bytes);
  std::int64_t elements(const IndexMap& map) const;
  std::int64_t bytes(ValueId value, const IndexMap& map) const {
    return elements(map) * ir::byte_size(function_.type(value).element);
  }

  const ir::Function& function_;
  const Plan& plan_;
  const Nest& nest_;
  std::set<std::pair<ValueId, IndexMap>> seen_;
  Work work_;
};

std::int64_t Counter::elements(const IndexMap& map) const {
  std::int64_t count = 1;
  for (std::size_t d = 0; d < nest_.space.size(); ++d) {
    const bool follows =
        std::ranges::any_of(map, [&](IndexTerm t) { return t.dim == static_cast<int>(d); });
    if (follows) count *= nest_.space[d];
  }
  return count;
}

Work Counter::run() {
  for (const Sink& sink : nest_.sinks) {
    const IndexMap map = identity_map(function_.type(sink.value).shape);
    if (sink.source.is_none()) {
      visit(sink.value, map, sink.kind == Sink::Kind::Fill && sink.op.is_none());
    }
    if (sink.kind == Sink::Kind::Fill) work_.buffer_bytes += bytes(sink.value, map);
    if (sink.kind == Sink::Kind::Store) {
      visit_access(sink.op, map, bytes(sink.value, map));
    }
    if (sink.kind != Sink::Kind::Reduce && sink.kind != Sink::Kind::Scan) continue;
    work_.operations += elements(map);
    for (const ValueId operand : function_.ops[sink.op].operands) visit(operand, map, false);
  }
  return work_;
}

void Counter::visit(ValueId value, const IndexMap& map, bool is_definition) {
  const Place& place = plan_.places[value];
  if (place.kind == Place::Kind::Scalar && !is_definition) return;
  if (!seen_.insert({value, map}).second) return;
  if (place.kind == Place::Kind::Stored && !is_definition) {
    work_.buffer_bytes += bytes(value, map);
    return;
  }
  const Op* op = function_.defining_op(value);
  if (const auto view = operand_map(function_, *op, map)) {
    visit(op->operands[0], *view, false);
  } else if (op->code == OpCode::Load) {
    visit_access(function_.values[value].op, map, bytes(value, map));
  } else if (ir::info(op->code).is_elementwise()) {
    work_.operations += (op->code == OpCode::Fma ? 2 : 1) * elements(map);
    for (const ValueId operand : op->operands) visit(operand, map, false);
  }
}

void Counter::visit_access(ir::OpId id, const IndexMap& map, std::int64_t bytes) {
  const Op& op = function_.ops[id];
  work_.tensor_bytes += bytes;
  work_.accesses.push_back({id, map});
  const auto& access = std::get<ir::AccessAttrs>(op.attributes);
  std::size_t d = 0;
  for (std::size_t t = 0; t < access.dims.size(); ++t) {
    if (access.dims[t].kind == AccessDim::Kind::Gather) {
      visit(op.operands[ir::op::Load::indices + t], {map[d]}, false);
    }
    if (access.dims[t].kind != AccessDim::Kind::Point) ++d;
  }
}

/// "12.3 kB", "640 B".
std::string scaled(std::int64_t count, std::string_view unit) {
  const char* prefix = "";
  auto value = static_cast<double>(count);
  for (const char* next : {"k", "M", "G"}) {
    if (value < 1000) break;
    value /= 1000;
    prefix = next;
  }
  return *prefix == 0 ? fmt::format("{} {}", count, unit)
                      : fmt::format("{:.1f} {}{}", value, prefix, unit);
}

}  // namespace

Work work_of(const ir::Function& function, const Plan& plan, const Nest& nest) {
  return Counter(function, plan, nest).run();
}

Work work_of(const ir::Function& function, const Plan& plan, const Dot& dot) {
  const Op& op = function.ops[dot.op];
  const auto count = [&](ValueId value) { return *ir::element_count(function.type(value).shape); };
  const std::int64_t depth = function.type(op.operands[ir::op::Dot::lhs]).shape.back();
  Work work;
  work.operations = 2 * depth * count(op.results[0]);
  work.buffer_bytes = 2 * 4 * count(op.results[0]);
  for (const DotOperand* operand : {&dot.lhs, &dot.rhs}) {
    const bool is_stored = plan.places[operand->value].kind == Place::Kind::Stored;
    (is_stored ? work.buffer_bytes : work.tensor_bytes) += 4 * count(operand->value);
  }
  return work;
}

std::string to_string(const Work& work) {
  return fmt::format("{}, {} of tensors, {} of buffers", scaled(work.operations, "op"),
                     scaled(work.tensor_bytes, "B"), scaled(work.buffer_bytes, "B"));
}

}  // namespace tile::schedule
