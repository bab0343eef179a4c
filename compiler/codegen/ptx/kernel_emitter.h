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
#include "compiler/ir/function.h"
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
  /// True when a barrier must come before this access. Records the access.
  bool needs_barrier(Place place, Access access);
  void barrier() { reads_.clear(), writes_.clear(); }
  /// Before a loop's body: whatever the loop touches may have been touched by the turn before.
  void assume(const std::set<Place>& reads, const std::set<Place>& writes);
  /// After branches: what either side left open.
  void merge(const HazardTracker& other);

 private:
  std::set<Place> reads_, writes_;
};

class KernelEmitter {
 public:
  /// Writes into `target`, an empty module.
  KernelEmitter(llvm::Module& target, const ir::Module& module, const schedule::GpuPlan& plan,
                std::span<const StrideClass> strides);
  /// The entry function `entry`.
  void run(const std::string& entry);

 private:
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

  // shared_memory.cpp: regions, barriers, conversions.
  llvm::Value* region(schedule::RegionId id);  // ptr addrspace(3)
  void before_access(HazardTracker::Place place, HazardTracker::Access access);
  void emit_barrier();
  Registers convert(const Registers& from, const Layout& from_layout, const Layout& to_layout,
                    const ir::Type& type);
  /// Writes a tile to scratch at its logical flat indices, and reads it anywhere from there.
  void write_scratch(const Registers& values, const Layout& layout, const ir::Type& type);
  llvm::Value* read_scratch(llvm::Value* flat_index, ir::ElementType element);
  void stage(ir::ValueId value);  // every StagedTile of the value

  // control.cpp
  void emit_block(ir::BlockId block);
  void emit_op(ir::OpId op);
  bool is_computed_anew(ir::ValueId value) const;
  void emit_anew(ir::OpId op);
  void emit_for(ir::OpId op);
  void emit_while(ir::OpId op);
  void emit_if(ir::OpId op);
  /// One phi per register, at the builder's place; `first` comes from block `before`.
  Registers make_phis(const Registers& first, llvm::BasicBlock* before);
  /// Adds what the block's yield gives, from the builder's block.
  void complete_phis(std::span<const Registers> phis, ir::BlockId block);
  void bind_arguments(ir::BlockId block, std::size_t first, std::span<const Registers> values);
  /// Ends a turn of a loop.
  void branch_back(llvm::BasicBlock* header);
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
  void emit_load(ir::OpId op);
  void emit_store(ir::OpId op);

  // reduce.cpp, scan.cpp
  void emit_reduce(ir::OpId op);
  void emit_scan(ir::OpId op);

  // dot.cpp
  void emit_dot(ir::OpId op);
  struct DotSide;
  DotSide dot_side(const schedule::GpuDot& dot, std::size_t staged, int dim);
  void load_dot_side(DotSide& side, llvm::Value* k);
  Registers dot_by_fma(const schedule::GpuDot& dot, Registers acc, std::int64_t depth);
  Registers dot_by_mma(const schedule::GpuDot& dot, Registers acc, std::int64_t depth);
  template <class Body>
  Registers depth_loop(std::int64_t depth, std::int64_t step, Registers acc, Body&& body);
  llvm::Value* shared_address(llvm::Value* base, llvm::Value* elements);  // of f32

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
};

}  // namespace tile::codegen::ptx
