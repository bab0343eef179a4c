// The state of writing one kernel as LLVM IR: the registers of values, parameters, shared memory
// and who must wait for whom. Every thread of a block runs the same code; a tile is an array of
// LLVM values, one per register of its Layout. Files of this folder define the methods: one file
// per family of ops. Only files of this folder include this header: it brings LLVM's with it.
#pragma once

#include <llvm/IR/IRBuilder.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "compiler/base/stride_class.h"
#include "compiler/codegen/ptx/emit.h"
#include "compiler/codegen/ptx/lines.h"
#include "compiler/ir/function.h"
#include "compiler/passes/analysis/index_range.h"
#include "compiler/schedule/gpu/conversion.h"
#include "compiler/schedule/gpu/gpu_plan.h"

namespace tile::codegen::ptx {

using schedule::Layout;

/// The registers a thread holds of a tile: number r is element layout.element(r, lane, warp).
/// A scalar has one. i1 for Bool, i8..i64 for integers, float for F32.
using Registers = std::vector<llvm::Value*>;

/// Who has touched a piece of memory since all threads last met. Threads of a block run apart
/// between barriers: what one wrote another may read only behind one.
class HazardTracker {
 public:
  enum class Access : std::uint8_t { Read, Write };
  /// A shared region, or (negative) a tensor parameter that the kernel writes.
  using Place = int;
  static constexpr Place scratch_place = 0;
  static Place place_of(schedule::RegionId region) { return static_cast<Place>(region.index); }
  static Place place_of_tensor(std::size_t parameter) { return -1 - static_cast<Place>(parameter); }
  /// Accesses of one owner (not 0) take each element in one and the same thread, so they need not
  /// wait for each other.
  using Owner = int;
  /// True when a barrier must come before this access. Records the access.
  bool needs_barrier(Place place, Access access, Owner owner = 0);
  void barrier() { reads_.clear(), writes_.clear(); }
  /// A write that no earlier access can disturb.
  void record_write(Place place) { record(writes_, place, 0); }
  /// Before a loop's body: what the loop touches may have been touched by the turn before.
  void assume(Place place, Access access, Owner owner = 0) {
    record(access == Access::Write ? writes_ : reads_, place, owner);
  }
  /// After branches: what either side left open.
  void merge(const HazardTracker& other);

 private:
  using Touched = std::map<Place, Owner>;  // the owner of all accesses, or 0
  static void record(Touched& touched, Place place, Owner owner);

  Touched reads_, writes_;
};

struct Memory;        // instructions.h
class AccessEmitter;  // memory.cpp
class ReduceEmitter;  // reduce.cpp
class ScanEmitter;    // scan.cpp
struct SharedTile;    // shared_tile.h

class KernelEmitter {
 public:
  /// Writes into `target`, an empty module.
  KernelEmitter(llvm::Module& target, const ir::Module& module, const SourceSet& sources,
                const schedule::GpuPlan& plan, std::span<const StrideClass> strides);
  /// The entry function `entry`.
  void run(const std::string& entry);

 private:
  friend class AccessEmitter;
  friend class ReduceEmitter;
  friend class ScanEmitter;

  // kernel_emitter.cpp: the frame; values, parameters, threads.
  void declare_entry(const std::string& entry);
  void bind(ir::ValueId value, Registers registers);
  /// The registers of a tile under the plan's layout of it; a scalar's one register.
  const Registers& registers(ir::ValueId value);
  /// Operand i of the op in the layout the plan wants (computed again or converted if need be).
  Registers operand(ir::OpId op, std::size_t i);
  Registers in_layout(ir::ValueId value, const Layout& layout);
  llvm::Value* scalar(ir::ValueId value);
  llvm::Type* type_of(ir::ElementType element);
  llvm::Value* thread();  // i32, 0 <= thread < threads
  llvm::Value* lane();
  llvm::Value* warp();
  /// Coordinate along `dim` of register r, i32: the thread's part (computed once) xor a constant.
  llvm::Value* coordinate(const Layout& layout, int dim, int register_number);
  llvm::Value* thread_coordinate(const Layout& layout, int dim);
  /// Flat row-major index under the logical (not padded) shape, i32.
  llvm::Value* flat_index(const Layout& layout, const ir::Shape& shape, int register_number);
  /// i1: this thread speaks for its copies; null when there are none.
  llvm::Value* is_first_copy(const Layout& layout);
  /// i1: the register's element lies inside the logical shape; null when all do.
  llvm::Value* is_alive(const Layout& layout, const ir::Shape& shape, int register_number);
  llvm::Value* tensor(ir::ValueId tensor);                   // base, ptr addrspace(1)
  llvm::Value* size(ir::ValueId tensor, std::size_t dim);    // i64
  llvm::Value* stride(ir::ValueId tensor, std::size_t dim);  // i64, constants 1 and 0 by class
  llvm::Value* program_id(int axis);                         // i64
  llvm::Value* program_number();                             // i32
  llvm::Value* banded_program_id(bool is_row);               // i32
  llvm::Value* grid_extent(int axis);                        // i32

  // shared_memory.cpp: regions, barriers, conversions.
  llvm::Value* region(schedule::RegionId id);  // ptr addrspace(3)
  void before_access(HazardTracker::Place place, HazardTracker::Access access,
                     HazardTracker::Owner owner = 0);
  void emit_barrier();
  Registers convert(const Registers& from, const Layout& from_layout, const Layout& to_layout,
                    const ir::Type& type);
  /// Writes a tile to scratch at its logical flat indices, and reads it anywhere from there.
  void write_scratch(const Registers& values, const Layout& layout, const ir::Type& type);
  llvm::Value* read_scratch(llvm::Value* flat_index, ir::ElementType element);
  void stage(ir::ValueId value);                               // every StagedTile of the value
  llvm::Value* staged_base(const schedule::StagedTile& tile);  // of this turn's buffer
  void store_shared(const SharedTile& tile, const Registers& values, const Layout& layout);
  Registers load_shared(const SharedTile& tile, const Layout& layout);
  Memory shared_place(const SharedTile& tile, const Layout& layout, int register_number);
  Registers rounded_to_tf32(const Registers& values);

  // convert.cpp
  Registers convert_within_warp(const schedule::Conversion& how, const Registers& from);
  Registers convert_through_scratch(const schedule::Conversion& how, const Registers& from,
                                    ir::ElementType element);
  Memory place_of(llvm::Value* base, const Layout& addresses, int register_number,
                  int element_bytes);

  // control.cpp
  void emit_block(ir::BlockId block);
  void emit_op(ir::OpId op);
  bool is_computed_anew(ir::ValueId value) const;
  void emit_anew(ir::OpId op);
  void emit_number(ir::OpId op);
  void emit_for(ir::OpId op);
  void emit_while(ir::OpId op);
  void emit_if(ir::OpId op);
  /// One phi per register, at the builder's place; `first` comes from block `before`.
  Registers make_phis(const Registers& first, llvm::BasicBlock* before);
  /// Adds what the block's yield gives, from the builder's block.
  void complete_phis(std::span<const Registers> phis, ir::BlockId block);
  void bind_arguments(ir::BlockId block, std::size_t first, std::span<const Registers> values);
  /// Ends a turn of a loop that LLVM is to unroll by `turns`.
  void branch_back(llvm::BasicBlock* header, int turns = 1);
  /// Before a loop: the buffers that its turns alternate between are free. True if it has such.
  bool prepare_buffers(ir::BlockId body);
  llvm::BasicBlock* new_block(const std::string& name);
  /// Forgets what is known of the memory that the loop touches: a turn may follow another.
  void assume_turns(ir::OpId loop);

  // elementwise.cpp
  void emit_elementwise(ir::OpId op);
  llvm::Value* elementwise(const ir::Op& op, std::span<llvm::Value* const> operands);
  llvm::Value* constant(const ir::Scalar& value);
  /// A value without a layout of its own (constant, iota, ...), computed under `layout`.
  Registers rematerialize(ir::ValueId value, const Layout& layout);

  // shape.cpp
  void emit_shape_op(ir::OpId op);
  void emit_reshape(ir::OpId op);
  void emit_slice(ir::OpId op);
  void emit_concat(ir::OpId op);
  Registers rematerialize_shape_op(const ir::Op& op, const Layout& layout);
  /// Registers of a broadcast to `result`; `operand_shape` is empty for a scalar.
  Registers repeat(const Registers& operand, const ir::Shape& operand_shape, const Layout& result);
  Registers read_scratch_box(const Layout& layout, const ir::Type& type,
                             const ir::Shape& scratch_shape, std::span<const std::int64_t> offsets);

  // memory.cpp
  /// What a barrier may have to keep apart when the tensor is read or written: none when the kernel
  /// never writes it, by this name or another.
  std::vector<HazardTracker::Place> places(ir::ValueId tensor) const;
  /// The layout of the tile that is loaded or stored.
  Layout accessed_layout(ir::OpId op) const;
  /// Of a load or store, in a part of the kernel where the values in `varying` may change from one
  /// access to the next.
  HazardTracker::Owner owner_of(ir::OpId op, const std::set<ir::ValueId>& varying = {});
  void emit_load(ir::OpId op);
  void emit_store(ir::OpId op);

  // reduce.cpp, scan.cpp
  /// Two elements joined by a kind that has an op (`like` gives the type), or by a custom region.
  llvm::Value* combine(ir::ReduceKind kind, ir::ValueId like, llvm::Value* left,
                       llvm::Value* right);
  std::vector<llvm::Value*> combine_by_region(const ir::Op& op, std::span<llvm::Value* const> left,
                                              std::span<llvm::Value* const> right);
  void emit_reduce(ir::OpId op);
  void emit_scan(ir::OpId op);

  // dot.cpp
  void emit_dot(ir::OpId op);
  Registers plus_zero(Registers values);
  struct DotSide;
  DotSide dot_side(const schedule::GpuDot& dot, std::size_t staged, int dim);
  void load_dot_side(DotSide& side, llvm::Value* k);
  Registers dot_by_fma(const schedule::GpuDot& dot, Registers acc, std::int64_t depth);
  Registers dot_by_mma(const schedule::GpuDot& dot, Registers acc, std::int64_t depth);
  template <class Body>
  Registers depth_loop(std::int64_t depth, std::int64_t step, Registers acc, Body&& body);
  llvm::Value* shared_address(llvm::Value* base, llvm::Value* elements);  // of f32

  // wgmma.cpp
  Registers rounded_for_wgmma(const Registers& values);
  void store_places(const schedule::StagedTile& tile, Registers values, const Layout& layout);
  llvm::Value* side_descriptor(std::size_t staged, std::int64_t group_rows);
  Registers wgmma_left(const schedule::GpuDot& dot);
  Registers dot_by_wgmma(const schedule::GpuDot& dot, Registers acc);

  // pipeline.cpp
  void emit_pipeline(ir::OpId loop);
  struct Ring;
  void init_ring(const Ring& ring);
  llvm::Value* ring_barrier(const Ring& ring, llvm::Value* stage, bool is_empty);
  llvm::Value* ring_stage(const Ring& ring, llvm::Value* stage);
  std::pair<llvm::Value*, llvm::Value*> position_after(const Ring& ring);
  Registers b_descriptors(const Ring& ring);
  Registers a_descriptors(const Ring& ring);
  Registers turns_from_shared(Ring& ring, const Registers& inits);
  Registers turns_from_registers(Ring& ring, const Registers& inits);
  Registers fragments_if(const Ring& ring, llvm::Value* condition, llvm::Value* stage,
                         llvm::Value* phase);
  /// Another edge into phis, from the builder's block.
  void add_incoming(const Registers& phis, const Registers& values);
  void wait_for(llvm::Value* barrier, llvm::Value* parity);
  void begin_turns(Ring& ring);
  void end_turns(Ring& ring, llvm::BasicBlock* body);
  void run_pipeline();
  template <class EmitProgram>
  void each_program(Ring& ring, EmitProgram&& emit_program);
  void emit_scalars(ir::BlockId block);
  llvm::Value* turns_of(ir::OpId loop);  // i32
  llvm::Value* stage_before(const Ring& ring);
  void emit_producer(Ring ring);
  void fetch(const schedule::Pipeline::Side& side, unsigned map, llvm::Value* to,
             llvm::Value* full);
  llvm::Value* tensor_map(unsigned map);
  Registers load_fragments(const Ring& ring, llvm::Value* stage);
  Registers multiply_stage(const Ring& ring, const Registers& acc, const Registers& a,
                           const Registers& b);
  void wait_for_products(Registers& acc, const Registers& fragments, int pending);
  void release(const Ring& ring, llvm::Value* stage, llvm::Value* condition);
  llvm::Value* descriptor(llvm::Value* address);
  /// Inline PTX with side effects.
  llvm::Value* machine(const std::string& text, const std::string& constraints, llvm::Type* result,
                       std::span<llvm::Value* const> operands);
  void machine(const std::string& text, const std::string& constraints,
               std::initializer_list<llvm::Value*> operands);

  llvm::Value* argument_word(std::size_t word);
  llvm::Value* i32(std::int64_t value) {
    return builder_.getInt32(static_cast<std::uint32_t>(value));
  }
  llvm::Value* i64(std::int64_t value) {
    return builder_.getInt64(static_cast<std::uint64_t>(value));
  }
  /// What every path may use is computed once, in the prologue; `name` tells such values apart.
  template <class Emit>
  llvm::Value* once(const std::string& name, Emit&& emit) {
    llvm::Value*& value = once_[name];
    if (value != nullptr) return value;
    const llvm::IRBuilderBase::InsertPointGuard guard(builder_);
    builder_.SetInsertPoint(prologue_->getTerminator());
    return value = emit();
  }

  llvm::Module& target_;
  const ir::Function& function_;
  const SourceSet& sources_;
  std::optional<LineInformation> lines_;  // from the entry on
  const schedule::GpuPlan& plan_;
  std::span<const StrideClass> strides_;
  llvm::IRBuilder<> builder_;
  llvm::Function* entry_ = nullptr;
  llvm::BasicBlock* prologue_ = nullptr;    // ends in a branch to the body
  llvm::GlobalVariable* shared_ = nullptr;  // all regions
  EntityVector<ir::ValueId, Registers> values_;
  std::vector<std::size_t> first_word_;       // of each parameter
  std::map<std::string, llvm::Value*> once_;  // what once() made
  HazardTracker hazards_;
  std::map<ir::BlockId, llvm::Value*> turn_parities_;  // i32 0, 1, 0, ... in loops' bodies
  Ring* ring_ = nullptr;                               // of the consumers
  llvm::Value* program_ = nullptr;  // the number of the program at hand, where a block runs several
  bool are_consumers_alone_ = false;  // the pipeline's producer warps have left
  passes::IndexFacts facts_;
  std::vector<std::string> owners_;  // what their accesses have in common; number i is owner i + 1
};

}  // namespace tile::codegen::ptx
