// The pipelined product of schedule/gpu/pipeline.h: one thread fetches, two warpgroups multiply.
//
// Each stage has two mbarriers. "full" completes when the bytes of both sides have arrived; "empty"
// when all consumer warps have read them. A barrier's phase flips each time it completes; turn t
// uses stage t mod S and waits for the phase of the (t / S)-th use.
#include <fmt/format.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/Module.h>

#include <algorithm>

#include "compiler/base/check.h"
#include "compiler/codegen/ptx/kernel_emitter.h"
#include "compiler/codegen/ptx/wgmma_text.h"

namespace tile::codegen::ptx {

using ir::OpId;
using ir::ValueId;
using schedule::Pipeline;

namespace {

constexpr std::int64_t swizzle_row_bytes = 128;
constexpr std::int64_t box_bytes = Pipeline::depth * swizzle_row_bytes;  // with rows contiguous
constexpr std::int64_t k_step = 8;                                       // of one wgmma
constexpr int steps = static_cast<int>(Pipeline::depth / k_step);
constexpr int fragment_registers = 4;  // of A, a step
constexpr int producer_registers = 40, consumer_registers = 232;

/// Matrix descriptor of a K-major side with 128-byte swizzle (PTX ISA, "Matrix Descriptor"), all
/// but the address: leading offset 1 (unused), stride 1024 bytes between groups of eight rows.
constexpr std::uint64_t descriptor_base =
    (std::uint64_t{1} << 62) | (std::uint64_t{64} << 32) | (std::uint64_t{1} << 16);

}  // namespace

/// What both roles know: where the stages are, and the turn at hand. Stages and phases go on from
/// one program to the next.
struct KernelEmitter::Ring {
  const Pipeline& pipeline;
  llvm::Value* base = nullptr;   // i32 address in shared memory
  llvm::Value* turns = nullptr;  // i32, of this program
  llvm::PHINode* turn = nullptr;
  llvm::PHINode* stage = nullptr;        // of this turn
  llvm::PHINode* phase = nullptr;        // parity of the uses of this stage so far
  llvm::PHINode* first_stage = nullptr;  // of this program
  llvm::PHINode* first_phase = nullptr;
  llvm::BasicBlock* header = nullptr;
  llvm::BasicBlock* after = nullptr;
};

llvm::Value* KernelEmitter::machine(const std::string& text, const std::string& constraints,
                                    llvm::Type* result, std::span<llvm::Value* const> operands) {
  std::vector<llvm::Type*> types;
  for (llvm::Value* operand : operands) types.push_back(operand->getType());
  auto* type = llvm::FunctionType::get(result, types, false);
  return builder_.CreateCall(llvm::InlineAsm::get(type, text, constraints, true), operands);
}

void KernelEmitter::machine(const std::string& text, const std::string& constraints,
                            std::initializer_list<llvm::Value*> operands) {
  machine(text, constraints, builder_.getVoidTy(), std::span(operands.begin(), operands.size()));
}

/// Address of a stage's "full" or "empty" barrier.
llvm::Value* KernelEmitter::ring_barrier(const Ring& ring, llvm::Value* stage, bool is_empty) {
  const std::int64_t first =
      ring.pipeline.stages * (ring.pipeline.stage_bytes() + (is_empty ? 8 : 0));
  return builder_.CreateAdd(builder_.CreateAdd(ring.base, i32(first)),
                            builder_.CreateMul(stage, i32(8)));
}

llvm::Value* KernelEmitter::ring_stage(const Ring& ring, llvm::Value* stage) {
  return builder_.CreateAdd(ring.base, builder_.CreateMul(stage, i32(ring.pipeline.stage_bytes())));
}

/// Stage and phase of the next turn.
std::pair<llvm::Value*, llvm::Value*> KernelEmitter::position_after(const Ring& ring) {
  llvm::Value* next = builder_.CreateAdd(ring.stage, i32(1));
  llvm::Value* wraps = builder_.CreateICmpEQ(next, i32(ring.pipeline.stages));
  return {builder_.CreateSelect(wraps, i32(0), next),
          builder_.CreateXor(ring.phase, builder_.CreateZExt(wraps, builder_.getInt32Ty()))};
}

void KernelEmitter::init_ring(const Ring& ring) {
  llvm::BasicBlock *first = new_block("init"), *ready = new_block("ready");
  builder_.CreateCondBr(builder_.CreateICmpEQ(thread(), i32(0)), first, ready);
  builder_.SetInsertPoint(first);
  for (int stage = 0; stage < ring.pipeline.stages; ++stage) {
    machine("mbarrier.init.shared::cta.b64 [$0], $1;", "r,n",
            {ring_barrier(ring, i32(stage), false), i32(1)});
    machine("mbarrier.init.shared::cta.b64 [$0], $1;", "r,n",
            {ring_barrier(ring, i32(stage), true), i32(Pipeline::consumer_warps)});
  }
  machine("fence.mbarrier_init.release.cluster;", "~{memory}", {});
  builder_.CreateBr(ready);
  builder_.SetInsertPoint(ready);
  emit_barrier();
}

/// Spins until the barrier has completed the phase of this parity.
void KernelEmitter::wait_for(llvm::Value* barrier, llvm::Value* parity) {
  llvm::BasicBlock *again = new_block("wait"), *done = new_block("arrived");
  builder_.CreateBr(again);
  builder_.SetInsertPoint(again);
  llvm::Value* const operands[] = {barrier, parity};
  llvm::Value* arrived = machine(
      "{\n.reg .pred p;\nmbarrier.try_wait.parity.shared::cta.b64 p, [$1], $2;\n"
      "selp.b32 $0, 1, 0, p;\n}",
      "=r,r,r,~{memory}", builder_.getInt32Ty(), operands);
  builder_.CreateCondBr(builder_.CreateICmpNE(arrived, i32(0)), done, again);
  builder_.SetInsertPoint(done);
}

/// Starts a loop over the turns; the builder is left in its body.
void KernelEmitter::begin_turns(Ring& ring) {
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  llvm::BasicBlock* body = new_block("turn");
  ring.header = new_block("turns");
  ring.after = new_block("turned");
  builder_.CreateBr(ring.header);
  builder_.SetInsertPoint(ring.header);
  llvm::Value* const starts[] = {i32(0), ring.first_stage, ring.first_phase};
  const Registers phis = make_phis({std::begin(starts), std::end(starts)}, before);
  ring.turn = llvm::cast<llvm::PHINode>(phis[0]);
  ring.stage = llvm::cast<llvm::PHINode>(phis[1]);
  ring.phase = llvm::cast<llvm::PHINode>(phis[2]);
  builder_.SetInsertPoint(body);
}

void KernelEmitter::end_turns(Ring& ring, llvm::BasicBlock* body) {
  const auto [stage, phase] = position_after(ring);
  add_incoming({ring.turn, ring.stage, ring.phase},
               {builder_.CreateAdd(ring.turn, i32(1)), stage, phase});
  branch_back(ring.header);
  builder_.SetInsertPoint(ring.header);
  builder_.CreateCondBr(builder_.CreateICmpSLT(ring.turn, ring.turns), body, ring.after);
  builder_.SetInsertPoint(ring.after);
}

/// Blocks stay: block b runs programs b, b + blocks, ... Emits a loop over them; `emit_program` is
/// called once, and ends with the ring's turns.
template <class EmitProgram>
void KernelEmitter::each_program(Ring& ring, EmitProgram&& emit_program) {
  llvm::Value* programs = i32(1);
  for (int axis = 0; axis < function_.grid_rank(); ++axis) {
    programs = builder_.CreateMul(programs, grid_extent(axis));
  }
  llvm::Value* blocks = builder_.CreateIntrinsic(llvm::Intrinsic::nvvm_read_ptx_sreg_nctaid_x, {});
  llvm::Value* const starts[] = {program_number(), i32(0), i32(0)};
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  llvm::BasicBlock *header = new_block("programs"), *body = new_block("program"),
                   *after = new_block("no_program");
  builder_.CreateBr(header);
  builder_.SetInsertPoint(header);
  const Registers phis = make_phis({std::begin(starts), std::end(starts)}, before);
  builder_.CreateCondBr(builder_.CreateICmpSLT(phis[0], programs), body, after);
  builder_.SetInsertPoint(body);
  program_ = phis[0];
  ring.first_stage = llvm::cast<llvm::PHINode>(phis[1]);
  ring.first_phase = llvm::cast<llvm::PHINode>(phis[2]);
  const auto values = values_;
  emit_program();
  values_ = values;
  llvm::Value* const next[] = {builder_.CreateAdd(program_, blocks), ring.stage, ring.phase};
  for (std::size_t i = 0; i < phis.size(); ++i) {
    llvm::cast<llvm::PHINode>(phis[i])->addIncoming(next[i], builder_.GetInsertBlock());
  }
  program_ = nullptr;
  branch_back(header);
  builder_.SetInsertPoint(after);
}

/// One thread asks for the stages, as they fall empty.
void KernelEmitter::emit_producer(Ring ring) {
  const Pipeline& pipeline = ring.pipeline;
  llvm::BasicBlock *one = new_block("producer"), *done = new_block("done");
  machine(fmt::format("setmaxnreg.dec.sync.aligned.u32 {};", producer_registers), "", {});
  builder_.CreateCondBr(
      builder_.CreateICmpEQ(thread(), i32(Pipeline::consumer_warps * schedule::lanes_per_warp)),
      one, done);
  builder_.SetInsertPoint(one);
  each_program(ring, [&] {
    emit_scalars(function_.body);
    ring.turns = turns_of(pipeline.loop);
    begin_turns(ring);
    llvm::BasicBlock* body = builder_.GetInsertBlock();
    wait_for(ring_barrier(ring, ring.stage, true), builder_.CreateXor(ring.phase, i32(1)));
    llvm::Value* full = ring_barrier(ring, ring.stage, false);
    machine("mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], $1;", "r,r,~{memory}",
            {full, i32(pipeline.stage_bytes())});
    const ir::Op& loop = function_.ops[pipeline.loop];
    const ir::Block& region = function_.blocks[loop.regions[0]];
    values_[region.arguments[0]] = {
        builder_.CreateAdd(scalar(loop.operands[ir::op::For::lower]),
                           builder_.CreateMul(builder_.CreateZExt(ring.turn, builder_.getInt64Ty()),
                                              scalar(loop.operands[ir::op::For::step])))};
    emit_scalars(loop.regions[0]);
    llvm::Value* to = ring_stage(ring, ring.stage);
    fetch(pipeline.a, 0, to, full);
    fetch(pipeline.b, 1, builder_.CreateAdd(to, i32(pipeline.a.bytes())), full);
    end_turns(ring, body);
  });
  builder_.CreateBr(done);
  builder_.SetInsertPoint(done);
}

/// The scalar arithmetic of a block: all that the producer needs of it (find_pipeline.cpp).
void KernelEmitter::emit_scalars(ir::BlockId block) {
  for (OpId id : function_.blocks[block].ops) {
    const ir::Op& op = function_.ops[id];
    // What comes from a load or a tile is not known here, and not needed.
    const bool is_known = std::ranges::all_of(op.operands, [&](ir::ValueId operand) {
      const ir::Type& type = function_.type(operand);
      return type.is_tensor() ||
             (type.is_scalar() &&
              (!values_[operand].empty() || function_.constant_value(operand).has_value() ||
               function_.values[operand].block == function_.body));
    });
    if (is_known && op.results.size() == 1 && op.regions.empty() &&
        function_.type(op.results[0]).is_scalar() &&
        ir::info(op.code).effects == ir::Effects::Pure) {
      emit_op(id);
    }
  }
}

/// How many turns a loop takes; below 0 if none.
llvm::Value* KernelEmitter::turns_of(OpId id) {
  const ir::Op& loop = function_.ops[id];
  llvm::Value* span = builder_.CreateSub(scalar(loop.operands[ir::op::For::upper]),
                                         scalar(loop.operands[ir::op::For::lower]));
  llvm::Value* step = scalar(loop.operands[ir::op::For::step]);
  return builder_.CreateTrunc(
      builder_.CreateSDiv(builder_.CreateAdd(span, builder_.CreateSub(step, i64(1))), step),
      builder_.getInt32Ty());
}

/// Boxes of 32 floats: with k contiguous one of all rows; else one for each 32 rows, k by k.
void KernelEmitter::fetch(const Pipeline::Side& side, unsigned map, llvm::Value* to,
                          llvm::Value* full) {
  const ir::Op& load = function_.ops[side.load];
  const bool is_a = map == 0;
  const int k_dim = is_a == plan_.pipeline->is_transposed ? 0 : 1;
  const auto start = [&](int dim) {
    return builder_.CreateTrunc(scalar(load.operands[ir::op::Load::indices + dim]),
                                builder_.getInt32Ty());
  };
  llvm::Value* k = start(k_dim);
  llvm::Value* row = start(1 - k_dim);
  const std::int64_t box_rows = side.k_is_contiguous ? side.extent : Pipeline::depth;
  for (std::int64_t first = 0; first < side.extent; first += box_rows) {
    llvm::Value* at = builder_.CreateAdd(row, i32(first));
    machine(
        "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes "
        "[$0], [$1, {$2, $3}], [$4];",
        "r,l,r,r,r,~{memory}",
        {builder_.CreateAdd(to, i32(first * swizzle_row_bytes)), tensor_map(map),
         side.k_is_contiguous ? k : at, side.k_is_contiguous ? at : k, full});
  }
}

/// The generic address of a descriptor parameter.
llvm::Value* KernelEmitter::tensor_map(unsigned map) {
  return entry_->getArg(static_cast<unsigned>(entry_->arg_size()) - 2 + map);
}

/// Fragments of A from rows that are contiguous in shared memory: boxes of 32 k by 32 rows, the 16
/// byte chunks of k's row xored with k mod 8 (the swizzle). Lane 4 g + t holds rows g, g + 8 at k =
/// t, t + 4. Steps in order, the blocks of a step together.
Registers KernelEmitter::load_fragments(const Ring& ring, llvm::Value* stage) {
  llvm::Value* t = builder_.CreateAnd(lane(), i32(3));
  llvm::Value* g = builder_.CreateLShr(lane(), i32(2));
  // The first row: its warpgroup's blocks, its warp's 16 rows of each.
  const std::int64_t rows = ring.pipeline.blocks() * Pipeline::block_rows;
  llvm::Value* row = builder_.CreateAdd(
      builder_.CreateMul(builder_.CreateLShr(warp(), i32(2)), i32(rows)),
      builder_.CreateAdd(builder_.CreateMul(builder_.CreateAnd(warp(), i32(3)), i32(16)), g));
  llvm::Value* line =
      builder_.CreateAdd(builder_.CreateMul(builder_.CreateLShr(row, i32(5)), i32(box_bytes)),
                         builder_.CreateMul(t, i32(swizzle_row_bytes)));
  line = builder_.CreateAdd(line, builder_.CreateMul(builder_.CreateAnd(row, i32(3)), i32(4)));
  llvm::Value* chunk =
      builder_.CreateXor(builder_.CreateLShr(builder_.CreateAnd(row, i32(31)), i32(2)), t);
  // Eight rows more flip bit 1 of the chunk, four k more its bit 2: four addresses, from which all
  // else is at constant distances.
  llvm::Value* addresses[fragment_registers];
  for (int i = 0; i < fragment_registers; ++i) {
    llvm::Value* flipped = builder_.CreateXor(chunk, i32(i % 2 * 2 + i / 2 * 4));
    addresses[i] =
        builder_.CreateAdd(builder_.CreateAdd(line, builder_.CreateMul(flipped, i32(16))), stage);
  }
  Registers fragments;
  for (int step = 0; step < steps; ++step) {
    for (int block = 0; block < ring.pipeline.blocks(); ++block) {
      for (int i = 0; i < fragment_registers; ++i) {
        const std::int64_t distance =
            (step * k_step + i / 2 * 4) * swizzle_row_bytes +
            block * (Pipeline::block_rows / Pipeline::box_width) * box_bytes;
        llvm::Value* const operands[] = {addresses[i], i32(distance)};
        fragments.push_back(machine("ld.shared.b32 $0, [$1+$2];", "=r,r,n,~{memory}",
                                    builder_.getInt32Ty(), operands));
      }
    }
  }
  return fragments;
}

/// All products of a stage, as one group. `a`: fragments, or one descriptor a step and block.
Registers KernelEmitter::multiply_stage(const Ring& ring, const Registers& acc, const Registers& a,
                                        const Registers& b) {
  const Pipeline& pipeline = ring.pipeline;
  const int count = static_cast<int>(acc.size());
  const int per_block = count / pipeline.blocks();
  const int per_fragment = pipeline.a.k_is_contiguous ? 1 : fragment_registers;
  const int first_a = 2 * count, first_b = first_a + static_cast<int>(a.size());
  std::string text = "{\n.reg .pred p;\nsetp.ne.b32 p, 1, 0;\nwgmma.fence.sync.aligned;\n";
  for (int step = 0; step < steps; ++step) {
    for (int block = 0; block < pipeline.blocks(); ++block) {
      const int fragment = first_a + (step * pipeline.blocks() + block) * per_fragment;
      text += wgmma_text(pipeline.b.extent, registers_text(block * per_block, per_block),
                         pipeline.a.k_is_contiguous ? fmt::format("${}", fragment)
                                                    : registers_text(fragment, per_fragment),
                         fmt::format("${}", first_b + step), "p");
    }
  }
  text += "wgmma.commit_group.sync.aligned;\n}";
  std::string constraints;
  Registers operands = acc;
  std::vector<llvm::Type*> results(acc.size(), builder_.getFloatTy());
  for (int i = 0; i < count; ++i) constraints += i == 0 ? "=f" : ",=f";
  for (int i = 0; i < count; ++i) constraints += fmt::format(",{}", i);
  for (llvm::Value* value : a) {
    constraints += pipeline.a.k_is_contiguous ? ",l" : ",r";
    operands.push_back(value);
  }
  for (llvm::Value* value : b) {
    constraints += ",l";
    operands.push_back(value);
  }
  constraints += ",~{memory}";
  llvm::Value* product =
      machine(text, constraints, llvm::StructType::get(target_.getContext(), results), operands);
  Registers next;
  for (int i = 0; i < count; ++i) {
    next.push_back(builder_.CreateExtractValue(product, static_cast<unsigned>(i)));
  }
  return next;
}

/// Waits until at most `pending` groups are under way. The machine reads fragments and writes
/// accumulators until then, so both pass through: no register may be used for anything else before.
void KernelEmitter::wait_for_products(Registers& acc, const Registers& fragments, int pending) {
  std::string constraints;
  std::vector<llvm::Type*> results;
  Registers operands = acc;
  operands.insert(operands.end(), fragments.begin(), fragments.end());
  for (std::size_t i = 0; i < operands.size(); ++i) {
    constraints += fmt::format("{}={}", i == 0 ? "" : ",", i < acc.size() ? "f" : "r");
    results.push_back(operands[i]->getType());
  }
  for (std::size_t i = 0; i < operands.size(); ++i) constraints += fmt::format(",{}", i);
  constraints += ",~{memory}";
  llvm::Value* waited =
      machine(fmt::format("wgmma.wait_group.sync.aligned {};", pending), constraints,
              llvm::StructType::get(target_.getContext(), results), operands);
  for (std::size_t i = 0; i < acc.size(); ++i) {
    acc[i] = builder_.CreateExtractValue(waited, static_cast<unsigned>(i));
  }
}

llvm::Value* KernelEmitter::descriptor(llvm::Value* address) {
  llvm::Value* field = builder_.CreateLShr(builder_.CreateAnd(address, i32(0x3ffff)), i32(4));
  return builder_.CreateOr(builder_.CreateZExt(field, builder_.getInt64Ty()),
                           builder_.getInt64(descriptor_base));
}

/// Descriptors of a stage's B, one a step: 8 k are 32 bytes along the swizzled row, 2 in the
/// descriptor's units of 16.
Registers KernelEmitter::b_descriptors(const Ring& ring) {
  llvm::Value* base =
      descriptor(builder_.CreateAdd(ring_stage(ring, ring.stage), i32(ring.pipeline.a.bytes())));
  Registers b;
  for (int step = 0; step < steps; ++step) b.push_back(builder_.CreateAdd(base, i64(2 * step)));
  return b;
}

/// Of a stage's A, for this warpgroup: for each step its blocks of 64 rows.
Registers KernelEmitter::a_descriptors(const Ring& ring) {
  const std::int64_t block_bytes = Pipeline::block_rows * swizzle_row_bytes;
  llvm::Value* base = descriptor(builder_.CreateAdd(
      ring_stage(ring, ring.stage), builder_.CreateMul(builder_.CreateLShr(warp(), i32(2)),
                                                       i32(ring.pipeline.blocks() * block_bytes))));
  Registers a;
  for (int step = 0; step < steps; ++step) {
    for (int block = 0; block < ring.pipeline.blocks(); ++block) {
      a.push_back(builder_.CreateAdd(base, i64(block * block_bytes / 16 + 2 * step)));
    }
  }
  return a;
}

void KernelEmitter::add_incoming(const Registers& phis, const Registers& values) {
  for (std::size_t r = 0; r < phis.size(); ++r) {
    llvm::cast<llvm::PHINode>(phis[r])->addIncoming(values[r], builder_.GetInsertBlock());
  }
}

/// Both sides read by the tensor cores from shared memory: they go on with one turn's products
/// while the next turn's are issued, and what the turn before has read is free.
Registers KernelEmitter::turns_from_shared(Ring& ring, const Registers& inits) {
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  begin_turns(ring);
  llvm::BasicBlock* body = builder_.GetInsertBlock();
  builder_.SetInsertPoint(ring.header);
  Registers carried = make_phis(inits, before);
  builder_.SetInsertPoint(body);
  wait_for(ring_barrier(ring, ring.stage, false), ring.phase);
  Registers acc = multiply_stage(ring, carried, a_descriptors(ring), b_descriptors(ring));
  wait_for_products(acc, {}, 1);
  release(ring, stage_before(ring), builder_.CreateICmpNE(ring.turn, i32(0)));
  add_incoming(carried, acc);
  end_turns(ring, body);
  wait_for_products(carried, {}, 0);
  release(ring, stage_before(ring), builder_.CreateICmpSGT(ring.turns, i32(0)));
  return carried;
}

/// A from registers: a turn's fragments are loaded while the turn before multiplies.
Registers KernelEmitter::turns_from_registers(Ring& ring, const Registers& inits) {
  const Registers first = fragments_if(ring, builder_.CreateICmpSGT(ring.turns, i32(0)),
                                       ring.first_stage, ring.first_phase);
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  begin_turns(ring);
  llvm::BasicBlock* body = builder_.GetInsertBlock();
  builder_.SetInsertPoint(ring.header);
  const Registers carried = make_phis(inits, before);
  const Registers fragments = make_phis(first, before);
  builder_.SetInsertPoint(body);
  Registers acc = multiply_stage(ring, carried, fragments, b_descriptors(ring));
  const auto [stage, phase] = position_after(ring);
  llvm::Value* goes_on = builder_.CreateICmpSLT(builder_.CreateAdd(ring.turn, i32(1)), ring.turns);
  const Registers next = fragments_if(ring, goes_on, stage, phase);
  wait_for_products(acc, fragments, 0);
  release(ring, ring.stage, builder_.getTrue());
  add_incoming(carried, acc);
  add_incoming(fragments, next);
  end_turns(ring, body);
  return carried;
}

/// The fragments of a stage, once it is full, if there is a turn for it.
Registers KernelEmitter::fragments_if(const Ring& ring, llvm::Value* condition, llvm::Value* stage,
                                      llvm::Value* phase) {
  llvm::BasicBlock *before = builder_.GetInsertBlock(), *load = new_block("fragments"),
                   *after = new_block("loaded");
  builder_.CreateCondBr(condition, load, after);
  builder_.SetInsertPoint(load);
  wait_for(ring_barrier(ring, stage, false), phase);
  const Registers loaded = load_fragments(ring, ring_stage(ring, stage));
  load = builder_.GetInsertBlock();
  builder_.CreateBr(after);
  builder_.SetInsertPoint(after);
  Registers fragments = make_phis(loaded, load);
  for (llvm::Value* phi : fragments) {
    llvm::cast<llvm::PHINode>(phi)->addIncoming(i32(0), before);  // read by nobody
  }
  return fragments;
}

/// The loop as the consumers run it.
void KernelEmitter::emit_pipeline(OpId id) {
  Ring& ring = *ring_;
  const Registers inits = operand(id, ir::op::For::inits);
  ring.turns = turns_of(id);
  Registers acc = ring.pipeline.a.k_is_contiguous ? turns_from_shared(ring, inits)
                                                  : turns_from_registers(ring, inits);
  bind(function_.ops[id].results[0], plus_zero(std::move(acc)));
}

llvm::Value* KernelEmitter::stage_before(const Ring& ring) {
  return builder_.CreateSelect(builder_.CreateICmpEQ(ring.stage, i32(0)),
                               i32(ring.pipeline.stages - 1),
                               builder_.CreateSub(ring.stage, i32(1)));
}

/// A warp has read the stage.
void KernelEmitter::release(const Ring& ring, llvm::Value* stage, llvm::Value* condition) {
  llvm::BasicBlock *arrive = new_block("release"), *released = new_block("released");
  builder_.CreateCondBr(builder_.CreateAnd(builder_.CreateICmpEQ(lane(), i32(0)), condition),
                        arrive, released);
  builder_.SetInsertPoint(arrive);
  machine("mbarrier.arrive.shared::cta.b64 _, [$0];", "r,~{memory}",
          {ring_barrier(ring, stage, true)});
  builder_.CreateBr(released);
  builder_.SetInsertPoint(released);
}

/// The whole kernel: both roles run all the block's programs.
void KernelEmitter::run_pipeline() {
  Ring ring{*plan_.pipeline};
  ring.base = builder_.CreatePtrToInt(region(ring.pipeline.region), builder_.getInt32Ty());
  init_ring(ring);
  llvm::BasicBlock *producer = new_block("fetch"), *consumers = new_block("multiply"),
                   *end = new_block("end");
  builder_.CreateCondBr(builder_.CreateICmpSGE(warp(), i32(Pipeline::consumer_warps)), producer,
                        consumers);
  builder_.SetInsertPoint(producer);
  emit_producer(ring);
  builder_.CreateBr(end);

  builder_.SetInsertPoint(consumers);
  machine(fmt::format("setmaxnreg.inc.sync.aligned.u32 {};", consumer_registers), "", {});
  are_consumers_alone_ = true;
  ring_ = &ring;
  each_program(ring, [&] {
    // A slower warp may still be at the program before.
    hazards_.assume(HazardTracker::scratch_place, HazardTracker::Access::Read);
    hazards_.assume(HazardTracker::scratch_place, HazardTracker::Access::Write);
    emit_block(function_.body);
  });
  builder_.CreateBr(end);
  builder_.SetInsertPoint(end);
}

}  // namespace tile::codegen::ptx
