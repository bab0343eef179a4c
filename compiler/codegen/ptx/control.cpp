// See kernel_emitter.h. Blocks, loops and branches. Scalars are the same in all threads of a block,
// so every branch here is taken by all of them, and barriers may stand anywhere. What loops carry
// becomes one phi per register.
#include <llvm/IR/Metadata.h>
#include <llvm/IR/Module.h>

#include "compiler/base/check.h"
#include "compiler/codegen/ptx/kernel_emitter.h"

namespace tile::codegen::ptx {

using ir::BlockId;
using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

void KernelEmitter::emit_block(BlockId block) {
  for (OpId op : function_.blocks[block].ops) {
    builder_.SetCurrentDebugLocation(lines_->location(function_.ops[op].span));
    emit_op(op);
  }
}

void KernelEmitter::emit_op(OpId id) {
  const Op& op = function_.ops[id];
  switch (op.code) {
    using enum OpCode;
    case Constant:
    case Iota:
      return emit_anew(id);
    case ProgramId:
    case Dim:
      return emit_number(id);
    case Neg:
    case Not:
    case Abs:
    case Floor:
    case Ceil:
    case Round:
    case Sqrt:
    case Cast:
    case Bitcast:
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
    case Compare:
    case Select:
    case Fma:
      return is_computed_anew(op.results[0]) ? emit_anew(id) : emit_elementwise(id);
    case Broadcast:
    case Reshape:
    case Permute:
    case Slice:
    case Concat:
      return is_computed_anew(op.results[0]) ? emit_anew(id) : emit_shape_op(id);
    case Reduce:
      return emit_reduce(id);
    case Scan:
      return emit_scan(id);
    case Dot:
      return emit_dot(id);
    case Load:
      return emit_load(id);
    case Store:
      return emit_store(id);
    case For:
      return emit_for(id);
    case While:
      return emit_while(id);
    case If:
      return emit_if(id);
    case Yield:   // read by the op that owns the block
    case Assume:  // nothing gains from it yet
    case Assert:  // live in checked builds only
    case Print:
      return;
    case Call:
      TILE_UNREACHABLE("calls are inlined before scheduling");
  }
  TILE_UNREACHABLE("no such op");
}

/// What a program knows of itself and of its tensors.
void KernelEmitter::emit_number(OpId id) {
  const Op& op = function_.ops[id];
  const int axis = std::get<ir::AxisAttrs>(op.attributes).axis;
  bind(op.results[0],
       {op.code == OpCode::ProgramId ? program_id(axis)
                                     : size(op.operands[0], static_cast<std::size_t>(axis))});
}

bool KernelEmitter::is_computed_anew(ValueId value) const {
  return !function_.type(value).is_scalar() && !plan_.layouts[value];
}

/// A tile without a layout has no registers: uses compute it. A dot may still read it from memory.
void KernelEmitter::emit_anew(OpId id) {
  const ValueId result = function_.ops[id].results[0];
  if (function_.type(result).is_scalar()) return;
  if (const auto& home = plan_.layouts[result]) return bind(result, rematerialize(result, *home));
  stage(result);
}

llvm::BasicBlock* KernelEmitter::new_block(const std::string& name) {
  return llvm::BasicBlock::Create(target_.getContext(), name, entry_);
}

Registers KernelEmitter::make_phis(const Registers& first, llvm::BasicBlock* before) {
  Registers phis;
  for (llvm::Value* value : first) {
    llvm::PHINode* phi = builder_.CreatePHI(value->getType(), 2);
    phi->addIncoming(value, before);
    phis.push_back(phi);
  }
  return phis;
}

void KernelEmitter::complete_phis(std::span<const Registers> phis, BlockId block) {
  const OpId yield = function_.blocks[block].ops.back();
  // All yielded values before any edge: converting one may end the current block.
  std::vector<Registers> yielded;
  for (std::size_t i = 0; i < phis.size(); ++i) yielded.push_back(operand(yield, i));
  for (std::size_t i = 0; i < phis.size(); ++i) {
    for (std::size_t r = 0; r < phis[i].size(); ++r) {
      llvm::cast<llvm::PHINode>(phis[i][r])
          ->addIncoming(yielded[i].at(r), builder_.GetInsertBlock());
    }
  }
}

void KernelEmitter::bind_arguments(BlockId block, std::size_t first,
                                   std::span<const Registers> values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    bind(function_.blocks[block].arguments[first + i], values[i]);
  }
}

void KernelEmitter::branch_back(llvm::BasicBlock* header, int turns) {
  // Unrolling multiplies the time to compile: only where the plan asks for it.
  llvm::LLVMContext& context = target_.getContext();
  llvm::MDNode* unrolling =
      turns == 1
          ? llvm::MDNode::get(context, llvm::MDString::get(context, "llvm.loop.unroll.disable"))
          : llvm::MDNode::get(
                context,
                {llvm::MDString::get(context, "llvm.loop.unroll.count"),
                 llvm::ConstantAsMetadata::get(builder_.getInt32(static_cast<unsigned>(turns)))});
  auto* loop = llvm::MDNode::getDistinct(context, {nullptr, unrolling});
  loop->replaceOperandWith(0, loop);
  builder_.CreateBr(header)->setMetadata(llvm::LLVMContext::MD_loop, loop);
}

void KernelEmitter::assume_turns(OpId loop) {
  using Access = HazardTracker::Access;
  // Scratch belongs to no op in particular.
  hazards_.assume(HazardTracker::scratch_place, Access::Read);
  hazards_.assume(HazardTracker::scratch_place, Access::Write);
  const auto walk_loop = [&](auto&& visit) {
    for (BlockId region : function_.ops[loop].regions) ir::walk(function_, region, visit);
  };
  std::set<ValueId> varying;
  walk_loop([&](BlockId block, OpId id) {
    const auto& arguments = function_.blocks[block].arguments;
    varying.insert(arguments.begin(), arguments.end());
    const auto& results = function_.ops[id].results;
    varying.insert(results.begin(), results.end());
  });
  walk_loop([&](BlockId, OpId id) {
    const Op& op = function_.ops[id];
    if (op.code == OpCode::Dot) {
      const schedule::GpuDot& dot = plan_.dot(id);
      for (std::size_t side : dot.staged_sides()) {
        hazards_.assume(HazardTracker::place_of(plan_.staged[side].region), Access::Read);
      }
    }
    if (op.code == OpCode::Load || op.code == OpCode::Store) {
      const Access access = op.code == OpCode::Load ? Access::Read : Access::Write;
      for (HazardTracker::Place place : places(op.operands[0])) {
        hazards_.assume(place, access, owner_of(id, varying));
      }
    }
  });
  for (const schedule::StagedTile& tile : plan_.staged) {
    if (!varying.contains(tile.value)) continue;
    hazards_.assume(HazardTracker::place_of(tile.region), Access::Write);
  }
}

bool KernelEmitter::prepare_buffers(BlockId body) {
  bool found = false;
  for (const schedule::StagedTile& tile : plan_.staged) {
    if (tile.alternates_in != body) continue;
    found = true;
    before_access(HazardTracker::place_of(tile.region), HazardTracker::Access::Write);
  }
  return found;
}

void KernelEmitter::emit_for(OpId id) {
  if (plan_.pipeline && plan_.pipeline->loop == id) return emit_pipeline(id);
  const Op& op = function_.ops[id];
  const BlockId region = op.regions[0];
  std::vector<Registers> carried;
  for (std::size_t i = 0; i < op.results.size(); ++i) {
    carried.push_back(operand(id, ir::op::For::inits + i));
  }
  llvm::Value* lower = scalar(op.operands[ir::op::For::lower]);
  llvm::Value* upper = scalar(op.operands[ir::op::For::upper]);
  llvm::Value* step = scalar(op.operands[ir::op::For::step]);
  const bool alternates = prepare_buffers(region);
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  llvm::BasicBlock *header = new_block("for"), *body = new_block("body"), *after = new_block("end");
  builder_.CreateBr(header);

  builder_.SetInsertPoint(header);
  const Registers index = make_phis({lower}, before);
  const Registers parity = make_phis(alternates ? Registers{i32(0)} : Registers{}, before);
  if (alternates) turn_parities_[region] = parity[0];
  for (Registers& registers : carried) registers = make_phis(registers, before);
  builder_.CreateCondBr(builder_.CreateICmpSLT(index[0], upper), body, after);
  assume_turns(id);
  const HazardTracker at_header = hazards_;

  builder_.SetInsertPoint(body);
  bind(function_.blocks[region].arguments[0], index);
  bind_arguments(region, 1, carried);
  emit_block(region);
  complete_phis(carried, region);
  llvm::cast<llvm::PHINode>(index[0])->addIncoming(builder_.CreateAdd(index[0], step),
                                                   builder_.GetInsertBlock());
  if (alternates) {
    llvm::cast<llvm::PHINode>(parity[0])->addIncoming(builder_.CreateXor(parity[0], i32(1)),
                                                      builder_.GetInsertBlock());
  }
  const auto plan = plan_.loops.find(id);
  branch_back(header, plan == plan_.loops.end() ? 1 : plan->second.turns);

  builder_.SetInsertPoint(after);
  hazards_ = at_header;
  for (const schedule::GpuDot& dot : plan_.dots) {
    if (dot.chain != id) continue;
    const ValueId acc = function_.ops[dot.op].operands[ir::op::Dot::acc];
    Registers& registers = carried[function_.values[acc].index - 1];
    registers = plus_zero(std::move(registers));
  }
  for (std::size_t i = 0; i < op.results.size(); ++i) bind(op.results[i], carried[i]);
}

void KernelEmitter::emit_while(OpId id) {
  const Op& op = function_.ops[id];
  std::vector<Registers> carried;
  for (std::size_t i = 0; i < op.results.size(); ++i) carried.push_back(operand(id, i));
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  llvm::BasicBlock *header = new_block("while"), *body = new_block("do"), *after = new_block("end");
  builder_.CreateBr(header);

  builder_.SetInsertPoint(header);
  for (Registers& registers : carried) registers = make_phis(registers, before);
  assume_turns(id);
  bind_arguments(op.regions[0], 0, carried);
  emit_block(op.regions[0]);
  llvm::Value* condition = operand(function_.blocks[op.regions[0]].ops.back(), 0)[0];
  builder_.CreateCondBr(condition, body, after);
  const HazardTracker at_exit = hazards_;

  builder_.SetInsertPoint(body);
  bind_arguments(op.regions[1], 0, carried);
  emit_block(op.regions[1]);
  complete_phis(carried, op.regions[1]);
  branch_back(header);

  builder_.SetInsertPoint(after);
  hazards_ = at_exit;
  for (std::size_t i = 0; i < op.results.size(); ++i) bind(op.results[i], carried[i]);
}

void KernelEmitter::emit_if(OpId id) {
  const Op& op = function_.ops[id];
  llvm::BasicBlock *sides[] = {new_block("then"), new_block("else")}, *after = new_block("end");
  builder_.CreateCondBr(scalar(op.operands[ir::op::If::condition]), sides[0], sides[1]);
  const HazardTracker at_branch = hazards_;
  HazardTracker at_end;
  std::vector<Registers> results;
  for (std::size_t side = 0; side < 2; ++side) {
    builder_.SetInsertPoint(sides[side]);
    hazards_ = at_branch;
    emit_block(op.regions[side]);
    if (side == 1) {
      complete_phis(results, op.regions[side]);
      builder_.CreateBr(after);
      break;
    }
    const OpId yield = function_.blocks[op.regions[side]].ops.back();
    for (std::size_t i = 0; i < op.results.size(); ++i) results.push_back(operand(yield, i));
    llvm::BasicBlock* from = builder_.GetInsertBlock();
    builder_.CreateBr(after);
    builder_.SetInsertPoint(after);
    for (Registers& registers : results) registers = make_phis(registers, from);
    at_end = hazards_;
  }
  builder_.SetInsertPoint(after);
  hazards_.merge(at_end);
  for (std::size_t i = 0; i < op.results.size(); ++i) bind(op.results[i], results[i]);
}

}  // namespace tile::codegen::ptx
