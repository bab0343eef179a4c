// Loops, branches and calls. Loop-carried values, region arguments and results share their buffers
// (buffers.h), so an iteration ends by copying what it yields into them.
#include <cstring>
#include <limits>
#include <span>

#include "compiler/interpret/prepare.h"

namespace tile::interpret {

namespace {

void copy(const Transfer& transfer) {
  if (transfer.from != transfer.to) std::memcpy(transfer.to, transfer.from, transfer.bytes);
}

/// What a region yields to the carried values. When one yielded value is itself a carried one (a
/// swap), all are staged first.
struct CarriedCopies {
  std::vector<Transfer> transfers;
  bool overlap = false;
  std::size_t staged_bytes = 0;
};

CarriedCopies carried_copies(const Preparation& preparation, ir::BlockId region,
                             std::span<const ir::ValueId> carried) {
  CarriedCopies copies;
  const ir::Function& function = preparation.function;
  const auto& yielded = function.ops[function.blocks[region].ops.back()].operands;
  for (std::size_t i = 0; i < carried.size(); ++i) {
    const Transfer transfer = preparation.transfer(yielded[i], carried[i]);
    if (transfer.from == transfer.to) continue;
    for (ir::ValueId other : carried) copies.overlap |= preparation.address(other) == transfer.from;
    copies.transfers.push_back(transfer);
    copies.staged_bytes += transfer.bytes;
  }
  return copies;
}

void copy_all(Machine& machine, const CarriedCopies& copies) {
  if (!copies.overlap) {
    for (const Transfer& transfer : copies.transfers) copy(transfer);
    return;
  }
  std::byte* staged = scratch_bytes(machine, copies.staged_bytes);
  std::byte* to = staged;
  for (const Transfer& transfer : copies.transfers) {
    std::memcpy(to, transfer.from, transfer.bytes);
    to += transfer.bytes;
  }
  for (const Transfer& transfer : copies.transfers) {
    std::memcpy(transfer.to, staged, transfer.bytes);
    staged += transfer.bytes;
  }
}

struct LoopPlan {
  std::vector<Transfer> inits;
  CarriedCopies next;
  std::byte* index = nullptr;
  bool wide_index = true;  // i64, else i32
  Code condition;          // while only
  Code body;
};

std::int64_t read_index(const LoopPlan& plan, const std::byte* address) {
  return plan.wide_index ? *read<std::int64_t>(address) : *read<std::int32_t>(address);
}

void run_for(Machine& machine, const Step& step) {
  const auto& plan = *static_cast<const LoopPlan*>(step.detail);
  for (const Transfer& init : plan.inits) copy(init);
  const std::int64_t upper = read_index(plan, step.operand[ir::op::For::upper]);
  const std::int64_t stride = read_index(plan, step.operand[ir::op::For::step]);
  TILE_CHECK(stride > 0, "step of a for loop");
  std::int64_t index = read_index(plan, step.operand[ir::op::For::lower]);
  while (index < upper) {
    if (plan.wide_index) {
      *write<std::int64_t>(plan.index) = index;
    } else {
      *write<std::int32_t>(plan.index) = static_cast<std::int32_t>(index);
    }
    run_code(machine, plan.body);
    copy_all(machine, plan.next);
    if (index > std::numeric_limits<std::int64_t>::max() - stride) break;
    index += stride;
  }
}

void run_while(Machine& machine, const Step& step) {
  const auto& plan = *static_cast<const LoopPlan*>(step.detail);
  for (const Transfer& init : plan.inits) copy(init);
  for (;;) {
    run_code(machine, plan.condition);
    if (!*read<bool>(plan.condition.yields[0])) return;
    run_code(machine, plan.body);
    copy_all(machine, plan.next);
  }
}

struct BranchPlan {
  struct Side {
    Code code;
    std::vector<Transfer> results;
  };
  Side sides[2];  // then, else
};

void run_if(Machine& machine, const Step& step) {
  const auto& plan = *static_cast<const BranchPlan*>(step.detail);
  const BranchPlan::Side& side = plan.sides[*read<bool>(step.operand[0]) ? 0 : 1];
  run_code(machine, side.code);
  for (const Transfer& result : side.results) copy(result);
}

struct CallPlan {
  const Frame* callee = nullptr;
  std::vector<Transfer> arguments;
  std::vector<Transfer> results;
};

void run_call(Machine& machine, const Step& step) {
  const auto& plan = *static_cast<const CallPlan*>(step.detail);
  for (const Transfer& argument : plan.arguments) copy(argument);
  run_code(machine, plan.callee->body);
  for (const Transfer& result : plan.results) copy(result);
}

void prepare_loop(Preparation& preparation, Step& step) {
  const ir::Op& op = *step.op;
  const ir::Function& function = preparation.function;
  const bool is_for = op.code == ir::OpCode::For;
  std::size_t first_init = ir::op::While::inits;
  if (is_for) first_init = ir::op::For::inits;
  const ir::BlockId body = op.regions.back();
  LoopPlan plan;
  std::span<const ir::ValueId> carried = function.blocks[body].arguments;
  if (is_for) {
    plan.index = preparation.address(carried[0]);
    plan.wide_index = preparation.type(carried[0]).element == ir::ElementType::I64;
    carried = carried.subspan(1);
  } else {
    plan.condition = prepare_block(preparation, op.regions[0]);
  }
  for (std::size_t i = 0; i < carried.size(); ++i) {
    plan.inits.push_back(preparation.transfer(op.operands[first_init + i], carried[i]));
  }
  plan.body = prepare_block(preparation, body);
  plan.next = carried_copies(preparation, body, carried);
  step.run = is_for ? run_for : run_while;
  step.detail = preparation.keep(std::move(plan));
}

void prepare_branch(Preparation& preparation, Step& step) {
  const ir::Op& op = *step.op;
  const ir::Function& function = preparation.function;
  BranchPlan plan;
  for (std::size_t side = 0; side < 2; ++side) {
    const ir::BlockId region = op.regions[side];
    plan.sides[side].code = prepare_block(preparation, region);
    const auto& yielded = function.ops[function.blocks[region].ops.back()].operands;
    for (std::size_t i = 0; i < op.results.size(); ++i) {
      plan.sides[side].results.push_back(preparation.transfer(yielded[i], op.results[i]));
    }
  }
  step.run = run_if;
  step.detail = preparation.keep(std::move(plan));
}

void prepare_call(Preparation& preparation, Step& step) {
  const ir::Op& op = *step.op;
  const ir::FunctionId id = std::get<ir::CallAttrs>(op.attributes).callee;
  const ir::Function& callee = preparation.machine.module.functions[id];
  if (preparation.real && !callee.real_meaning.empty()) return prepare_real_call(preparation, step);
  const Frame* frame = preparation.machine.frames[id.index].get();
  TILE_CHECK(frame != nullptr, "callees precede callers");
  CallPlan plan{frame, {}, {}};
  const auto& parameters = callee.blocks[callee.body].arguments;
  for (std::size_t i = 0; i < op.operands.size(); ++i) {
    plan.arguments.push_back({preparation.address(op.operands[i]),
                              frame->values[parameters[i].index],
                              preparation.bytes(op.operands[i])});
  }
  for (std::size_t i = 0; i < op.results.size(); ++i) {
    plan.results.push_back({frame->body.yields[i], preparation.address(op.results[i]),
                            preparation.bytes(op.results[i])});
  }
  step.run = run_call;
  step.detail = preparation.keep(std::move(plan));
}

}  // namespace

void prepare_control(Preparation& preparation, Step& step) {
  const ir::OpCode code = step.op->code;
  if (code == ir::OpCode::If) return prepare_branch(preparation, step);
  if (code == ir::OpCode::Call) return prepare_call(preparation, step);
  TILE_CHECK(code == ir::OpCode::For || code == ir::OpCode::While, "not a control op");
  prepare_loop(preparation, step);
}

}  // namespace tile::interpret
