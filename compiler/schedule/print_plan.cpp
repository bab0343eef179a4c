// See plan.h. The plan as text: buffers, then each block's steps in order.
#include <fmt/format.h>

#include "compiler/schedule/plan.h"
#include "compiler/schedule/work.h"

namespace tile::schedule {

using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

namespace {

class Printer {
 public:
  Printer(const Plan& plan, const ir::Function& function) : plan_(plan), function_(function) {}
  std::string run();

 private:
  template <class... Args>
  void put(fmt::format_string<Args...> format, Args&&... args) {
    text_ += fmt::format(format, std::forward<Args>(args)...);
  }
  void block(ir::BlockId block, int depth);
  void nest(const Nest& nest);
  void sink(const Sink& sink);
  void dot(const Dot& dot);
  std::string name(ValueId value) const;
  std::string name(BufferId buffer) const;
  std::string limit(const Limit& limit) const;

  const Plan& plan_;
  const ir::Function& function_;
  std::string text_;
};

/// The source's name, or the op's with a number.
std::string Printer::name(ValueId value) const {
  const std::string& hint = function_.values[value].name;
  if (!hint.empty()) return hint;
  if (const auto constant = function_.constant_value(value)) return ir::to_string(*constant);
  const Op* op = function_.defining_op(value);
  return fmt::format("{}.{}", op == nullptr ? "v" : ir::info(op->code).text, value.index);
}

std::string Printer::name(BufferId buffer) const {
  const std::string& hint = plan_.buffers[buffer].name;
  return hint.empty() ? fmt::format("b{}", buffer.index)
                      : fmt::format("{}.b{}", hint, buffer.index);
}

std::string Printer::limit(const Limit& limit) const {
  const auto parameter = static_cast<std::size_t>(limit.parameter);
  const auto d = static_cast<std::size_t>(limit.dimension);
  return fmt::format("up to {} - {}", function_.parameters[parameter].sizes[d], name(limit.start));
}

std::string Printer::run() {
  put("plan of {}{}\n", function_.name,
      function_.instance.empty() ? "" : "<" + function_.instance + ">");
  put("scratch {} bytes\n", plan_.scratch_bytes);
  for (std::uint32_t b = 0; b < plan_.buffers.size(); ++b) {
    const Buffer& buffer = plan_.buffers[BufferId{b}];
    if (buffer.same_memory && !buffer.is_dense) continue;  // merged away
    put("  buffer {}: {}{}, {} bytes at {}{}\n", name(BufferId{b}), ir::name(buffer.element),
        ir::to_string(buffer.shape), buffer.bytes, buffer.offset,
        buffer.same_memory ? " (shared with " + name(buffer.same_memory) + ")" : "");
  }
  put("body\n");
  block(function_.body, 1);
  return std::move(text_);
}

void Printer::block(ir::BlockId block, int depth) {
  const std::string indent(static_cast<std::size_t>(2 * depth), ' ');
  for (const Step& step : plan_.steps[block]) {
    if (step.kind == Step::Kind::Scalar) {
      const Op& op = function_.ops[step.op];
      if (op.code != OpCode::Constant) {
        put("{}scalar {} = {}\n", indent, name(op.results[0]), ir::info(op.code).text);
      }
      continue;
    }
    text_ += indent;
    if (step.kind == Step::Kind::Nest) nest(plan_.nests[step.nest]);
    if (step.kind == Step::Kind::Dot) dot(plan_.dots[step.dot]);
    if (step.kind == Step::Kind::Control) {
      const Op& op = function_.ops[step.op];
      put("{}\n", ir::info(op.code).text);
      for (const ir::BlockId region : op.regions) {
        if (region != op.regions.front()) put("{}then\n", indent);
        this->block(region, depth + 1);
      }
    }
  }
}

void Printer::nest(const Nest& nest) {
  put("loops");
  for (const int dim : nest.order) {
    const auto d = static_cast<std::size_t>(dim);
    put(" {}", nest.space[d]);
    if (dim == nest.vector_dim) put(" by vectors");
    if (dim == nest.axis) put(" along the axis");
    if (!nest.limits[d].is_none()) put(" {}", limit(nest.limits[d]));
    if (dim != nest.order.back()) put(",");
  }
  put(":");
  for (const Sink& one : nest.sinks) sink(one);
  put("  // {}\n", to_string(work_of(function_, plan_, nest)));
}

void Printer::sink(const Sink& sink) {
  switch (sink.kind) {
    case Sink::Kind::Store:
      put(" store {};", name(function_.ops[sink.op].operands[ir::op::Store::tensor]));
      return;
    case Sink::Kind::Fill:
      if (sink.buffer) put(" fill {} with {};", name(sink.buffer), name(sink.value));
      if (!sink.buffer) put(" scalar {};", name(sink.value));
      return;
    case Sink::Kind::Reduce:
    case Sink::Kind::Scan:
      for (const ValueId result : function_.ops[sink.op].results) {
        put(" {} {};", sink.kind == Sink::Kind::Scan ? "scan" : "reduce", name(result));
      }
      return;
  }
}

void Printer::dot(const Dot& dot) {
  const ir::Shape& shape = function_.type(function_.ops[dot.op].results[0]).shape;
  const ir::Shape& lhs = function_.type(function_.ops[dot.op].operands[ir::op::Dot::lhs]).shape;
  put("dot {} += {} @ {}: {} by {}", name(dot.buffer), name(dot.lhs.value), name(dot.rhs.value),
      ir::to_string(shape), lhs.back());
  for (const Limit& one : {dot.rows, dot.columns, dot.depth}) {
    if (!one.is_none()) put(", {}", limit(one));
  }
  put("; blocks of {} rows, {} vectors", dot.block_rows, dot.block_vectors);
  if (dot.packs_lhs) put(", left packed");
  if (dot.packs_rhs) put(", right packed");
  put("  // {}\n", to_string(work_of(function_, plan_, dot)));
}

}  // namespace

std::string print(const Plan& plan, const ir::Module& module) {
  return Printer(plan, module.functions[module.kernel]).run();
}

}  // namespace tile::schedule
