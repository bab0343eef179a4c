// See kernel_emitter.h. Blocks, steps, scalars, loops and branches. Carried scalars are C++
// variables named by the loop's result; carried tiles live in one buffer and need nothing here.
#include <algorithm>

#include "compiler/codegen/cpp/kernel_emitter.h"
#include "compiler/codegen/cpp/nest_emitter.h"

namespace tile::codegen {

using ir::BlockId;
using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;
using schedule::Step;

void KernelEmitter::emit_block(BlockId block) {
  for (const Step& step : plan_.steps[block]) {
    switch (step.kind) {
      case Step::Kind::Scalar:
        emit_scalar(step.op);
        break;
      case Step::Kind::Nest:
        NestEmitter(*this, plan_.nests[step.nest]).run();
        break;
      case Step::Kind::Dot:
        emit_dot(plan_.dots[step.dot]);
        break;
      case Step::Kind::Control: {
        const Op& op = function_.ops[step.op];
        if (op.code == OpCode::For) emit_for(op);
        if (op.code == OpCode::While) emit_while(op);
        if (op.code == OpCode::If) emit_if(op);
        break;
      }
    }
  }
}

void KernelEmitter::emit_scalar(OpId id) {
  const Op& op = function_.ops[id];
  if (op.code == OpCode::Constant) return;  // a literal where it is used
  const ValueId result = op.results[0];
  if (op.code == OpCode::ProgramId) {
    const int axis = std::get<ir::AxisAttrs>(op.attributes).axis;
    bind(result, *program_ids_.insert(fmt::format("program_{}", axis)).first);
  } else if (op.code == OpCode::Dim) {
    const int axis = std::get<ir::AxisAttrs>(op.attributes).axis;
    bind(result, size(op.operands[ir::op::Dim::tensor], static_cast<std::size_t>(axis)));
  } else if (op.code == OpCode::Load) {
    const schedule::Nest nowhere;
    bind(result, NestEmitter(*this, nowhere).scalar_load(op).text);
  } else if (schedule::is_view(function_, op)) {
    bind(result, scalar(op.operands[0]));
  } else {
    std::vector<std::string> operands;
    for (const ValueId operand : op.operands) operands.push_back(scalar(operand));
    const std::string expression = elementwise(function_, op, operands, false);
    const std::string name = fresh(result);
    line("const {} {} = {};", scalar_type(function_.type(result).element), name, expression);
    bind(result, name);
  }
}

/// Variables for the carried scalars, known to the regions by their arguments.
void KernelEmitter::declare_carried(const Op& op, std::size_t first_init,
                                    std::size_t first_argument) {
  for (std::size_t r = 0; r < op.results.size(); ++r) {
    const ValueId result = op.results[r];
    if (!function_.type(result).is_scalar()) continue;
    const std::string name = fresh(result);
    line("{} {} = {};", scalar_type(function_.type(result).element), name,
         scalar(op.operands[first_init + r]));
    bind(result, name);
    for (const BlockId region : op.regions) {
      bind(function_.blocks[region].arguments[first_argument + r], name);
    }
  }
}

/// Assigns all scalars at once: values that are themselves assigned here are copied first.
void KernelEmitter::assign(std::span<const ValueId> values, std::span<const ValueId> targets) {
  std::vector<std::string> from(values.size());
  for (std::size_t r = 0; r < values.size(); ++r) {
    if (!function_.type(targets[r]).is_scalar()) continue;
    from[r] = scalar(values[r]);
    const bool is_overwritten = std::ranges::any_of(
        targets, [&](ValueId target) { return target != targets[r] && names_[target] == from[r]; });
    if (!is_overwritten) continue;
    const std::string copy = fresh("next");
    line("const auto {} = {};", copy, from[r]);
    from[r] = copy;
  }
  for (std::size_t r = 0; r < values.size(); ++r) {
    if (!from[r].empty() && from[r] != names_[targets[r]]) {
      line("{} = {};", names_[targets[r]], from[r]);
    }
  }
}

void KernelEmitter::emit_for(const Op& op) {
  declare_carried(op, ir::op::For::inits, 1);
  const ir::Block& body = function_.blocks[op.regions[0]];
  const std::string index = fresh(body.arguments[0]);
  bind(body.arguments[0], index);
  line("for (long {0} = {1}; {0} < {2}; {0} += {3}) {{", index,
       scalar(op.operands[ir::op::For::lower]), scalar(op.operands[ir::op::For::upper]),
       scalar(op.operands[ir::op::For::step]));
  emit_block(op.regions[0]);
  assign(function_.ops[body.ops.back()].operands, op.results);
  line("}}");
}

void KernelEmitter::emit_while(const Op& op) {
  declare_carried(op, 0, 0);
  line("while (true) {{");
  emit_block(op.regions[0]);
  const ir::Block& condition = function_.blocks[op.regions[0]];
  line("if (!{}) break;", scalar(function_.ops[condition.ops.back()].operands[0]));
  emit_block(op.regions[1]);
  const ir::Block& body = function_.blocks[op.regions[1]];
  assign(function_.ops[body.ops.back()].operands, op.results);
  line("}}");
}

void KernelEmitter::emit_if(const Op& op) {
  for (const ValueId result : op.results) {
    if (!function_.type(result).is_scalar()) continue;
    bind(result, fresh(result));
    line("{} {};", scalar_type(function_.type(result).element), names_[result]);
  }
  line("if ({}) {{", scalar(op.operands[ir::op::If::condition]));
  for (const BlockId region : op.regions) {
    if (region != op.regions.front()) line("}} else {{");
    emit_block(region);
    assign(function_.ops[function_.blocks[region].ops.back()].operands, op.results);
  }
  line("}}");
}

}  // namespace tile::codegen
