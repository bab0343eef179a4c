// See prepare.h and machine.h.
#include "compiler/interpret/prepare.h"

#include <algorithm>

#include "compiler/interpret/buffers.h"

namespace tile::interpret {

namespace {

void prepare_step(Preparation& preparation, Step& step) {
  using enum ir::OpCode;
  switch (step.op->code) {
    case Constant:
    case Iota:
    case ProgramId:
    case Dim:
    case Broadcast:
    case Reshape:
    case Permute:
    case Slice:
    case Concat:
      return prepare_shape(preparation, step);
    case Neg:
    case Not:
    case Abs:
    case Floor:
    case Ceil:
    case Round:
    case Sqrt:
    case Add:
    case Sub:
    case Mul:
    case Div:
    case Rem:
    case Min:
    case Max:
    case MinNumber:
    case MaxNumber:
    case And:
    case Or:
    case Xor:
    case Shl:
    case Shr:
    case MulHigh:
    case Fma:
      return prepare_elementwise(preparation, step);
    case Cast:
    case Bitcast:
      return prepare_cast(preparation, step);
    case Compare:
    case Select:
      return prepare_compare(preparation, step);
    case Reduce:
      return prepare_reduce(preparation, step);
    case Scan:
      return prepare_scan(preparation, step);
    case Dot:
      return prepare_dot(preparation, step);
    case Load:
      return prepare_load(preparation, step);
    case Store:
      return prepare_store(preparation, step);
    case Call:
    case For:
    case While:
    case If:
      return prepare_control(preparation, step);
    case Assume:
    case Assert:
    case Print:
      return prepare_check(preparation, step);
    case Yield:
      break;
  }
  TILE_UNREACHABLE("a yield is no step");
}

}  // namespace

Code prepare_block(Preparation& preparation, ir::BlockId block) {
  Code code;
  const ir::Function& function = preparation.function;
  for (ir::OpId id : function.blocks[block].ops) {
    const ir::Op& op = function.ops[id];
    if (op.code == ir::OpCode::Yield) {
      for (ir::ValueId value : op.operands) code.yields.push_back(preparation.address(value));
      continue;
    }
    Step step;
    step.op = &op;
    for (std::size_t i = 0; i < std::min(op.operands.size(), step.operand.size()); ++i) {
      step.operand[i] = preparation.address(op.operands[i]);
    }
    if (!op.results.empty()) {
      step.result = preparation.address(op.results[0]);
      step.count = preparation.count(op.results[0]);
    }
    prepare_step(preparation, step);
    // Constants leave nothing to run; a broadcast of one runs here.
    const bool is_static = !op.results.empty() && preparation.is_static[op.results[0].index];
    if (is_static && step.run) step.run(preparation.machine, step);
    if (!is_static) code.steps.push_back(step);
  }
  return code;
}

std::unique_ptr<Frame> prepare_function(Machine& machine, const ir::Function& function) {
  const bool real = machine.options.real_mode;
  auto frame = std::make_unique<Frame>();
  Buffers buffers = place_values(function, real);
  frame->function = &function;
  frame->values = std::move(buffers.values);
  frame->owned.push_back(std::move(buffers.memory));
  Preparation preparation{machine, function, *frame, std::move(buffers.is_static), real};
  frame->body = prepare_block(preparation, function.body);
  if (!function.grid.is_none()) frame->grid = prepare_block(preparation, function.grid);
  return frame;
}

}  // namespace tile::interpret
