// Matrix products from staged tiles in shared memory: acc += lhs @ rhs. On CUDA cores each output
// is one chain of fma with ascending k (NUMERICS rule 3); on tensor cores by mma.sync. Both keep k
// outermost in shared memory, so that what a thread needs of one k is a run of rows and a run of
// columns.
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <map>

#include "compiler/base/check.h"
#include "compiler/codegen/ptx/kernel_emitter.h"

namespace tile::codegen::ptx {

using ir::OpId;
using schedule::GpuDot;
using schedule::StagedTile;

/// One side of a product: where its elements lie for the registers of the result.
struct KernelEmitter::DotSide {
  const StagedTile* tile = nullptr;
  llvm::Value* base = nullptr;        // of this thread, at k = 0; ptr addrspace(3)
  std::vector<std::int64_t> offsets;  // elements from the base, for each register of the result
  bool has_vectors = false;           // offsets come in aligned runs of four
  std::map<std::int64_t, llvm::Value*> values;  // by offset: of the current k
};

namespace {

constexpr std::int64_t vector_length = 4;
constexpr std::int64_t unrolled_depth = 16;

/// Registers hold aligned runs of four along the dimension.
bool holds_vectors(const Layout& layout, int dim) {
  int found = 0;
  for (std::int64_t basis : layout.registers) {
    const std::int64_t step = layout.coordinate(basis, dim);
    if (step == 1 || step == 2) ++found;
  }
  return found == 2;
}

}  // namespace

llvm::Value* KernelEmitter::shared_address(llvm::Value* base, llvm::Value* elements) {
  return builder_.CreateGEP(builder_.getFloatTy(), base, elements);
}

/// Calls body(k, accumulators) for k = 0, step, ... below `depth`; k is an i32.
template <class Body>
Registers KernelEmitter::depth_loop(std::int64_t depth, std::int64_t step, Registers acc,
                                    Body&& body) {
  if (depth <= step) return body(i32(0), std::move(acc));
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  auto* loop = llvm::BasicBlock::Create(target_.getContext(), "depth", entry_);
  auto* after = llvm::BasicBlock::Create(target_.getContext(), "after_depth", entry_);
  builder_.CreateBr(loop);
  builder_.SetInsertPoint(loop);
  auto* k = builder_.CreatePHI(builder_.getInt32Ty(), 2);
  k->addIncoming(i32(0), before);
  std::vector<llvm::PHINode*> phis;
  for (llvm::Value*& value : acc) {
    phis.push_back(builder_.CreatePHI(value->getType(), 2));
    phis.back()->addIncoming(value, before);
    value = phis.back();
  }
  acc = body(k, std::move(acc));
  llvm::Value* next = builder_.CreateAdd(k, i32(step));
  llvm::BasicBlock* end = builder_.GetInsertBlock();
  k->addIncoming(next, end);
  for (std::size_t r = 0; r < acc.size(); ++r) phis[r]->addIncoming(acc[r], end);
  builder_.CreateCondBr(builder_.CreateICmpSLT(next, i32(depth)), loop, after);
  builder_.SetInsertPoint(after);
  return acc;
}

/// `dim`: the result's dimension that this side brings (rows or columns).
KernelEmitter::DotSide KernelEmitter::dot_side(const GpuDot& dot, std::size_t staged, int dim) {
  DotSide side;
  side.tile = &plan_.staged[staged];
  const Layout& layout = dot.result;
  const int rank = static_cast<int>(layout.extents.size());
  llvm::Value* offset = thread_coordinate(layout, dim);
  std::int64_t batch_size = side.tile->batch_pitch;
  for (int d = rank - 2; d-- > 0;) {
    offset = builder_.CreateAdd(offset,
                                builder_.CreateMul(thread_coordinate(layout, d), i32(batch_size)));
    batch_size *= layout.extents[static_cast<std::size_t>(d)];
  }
  side.base = shared_address(staged_base(*side.tile), offset);
  side.has_vectors = holds_vectors(layout, dim);
  for (int r = 0; r < layout.register_count(); ++r) {
    const std::int64_t element = layout.register_element(r);
    std::int64_t at = layout.coordinate(element, dim);
    std::int64_t size = side.tile->batch_pitch;
    for (int d = rank - 2; d-- > 0;) {
      at += layout.coordinate(element, d) * size;
      size *= layout.extents[static_cast<std::size_t>(d)];
    }
    side.offsets.push_back(at);
  }
  return side;
}

/// Loads what all registers need of row k of the staged tile, whole vectors where they fit.
void KernelEmitter::load_dot_side(DotSide& side, llvm::Value* k) {
  side.values.clear();
  llvm::Value* row = shared_address(side.base, builder_.CreateMul(k, i32(side.tile->pitch)));
  for (std::int64_t offset : side.offsets) side.values[offset] = nullptr;
  auto* vector = llvm::FixedVectorType::get(builder_.getFloatTy(), vector_length);
  for (auto& [offset, value] : side.values) {
    if (value != nullptr) continue;
    llvm::Value* address = shared_address(row, i32(offset));
    if (!side.has_vectors) {
      value = builder_.CreateAlignedLoad(builder_.getFloatTy(), address, llvm::Align(4));
      continue;
    }
    llvm::Value* loaded = builder_.CreateAlignedLoad(vector, address, llvm::Align(16));
    for (std::int64_t i = 0; i < vector_length; ++i) {
      side.values[offset + i] = builder_.CreateExtractElement(loaded, i32(i));
    }
  }
}

Registers KernelEmitter::dot_by_fma(const GpuDot& dot, Registers acc, std::int64_t depth) {
  const int rank = static_cast<int>(dot.result.extents.size());
  DotSide lhs = dot_side(dot, dot.lhs, rank - 2), rhs = dot_side(dot, dot.rhs, rank - 1);
  const auto multiply = [&](llvm::Value* k, std::int64_t count, Registers sum) {
    for (std::int64_t i = 0; i < count; ++i) {
      llvm::Value* at = builder_.CreateAdd(k, i32(i));
      load_dot_side(lhs, at);
      load_dot_side(rhs, at);
      for (std::size_t r = 0; r < sum.size(); ++r) {
        sum[r] = builder_.CreateIntrinsic(
            llvm::Intrinsic::fma, {builder_.getFloatTy()},
            {lhs.values.at(lhs.offsets[r]), rhs.values.at(rhs.offsets[r]), sum[r]});
      }
    }
    return sum;
  };
  const std::int64_t whole = depth / unrolled_depth * unrolled_depth;
  if (whole > 0) {
    acc = depth_loop(whole, unrolled_depth, std::move(acc), [&](llvm::Value* k, Registers sum) {
      return multiply(k, unrolled_depth, std::move(sum));
    });
  }
  return multiply(i32(whole), depth - whole, std::move(acc));
}

/// Fragments of mma.sync.m16n8k8: lane = 4 * group + within; A holds rows group and group + 8 at k
/// = within and within + 4, B column group at the same k (PTX ISA, "Matrix Fragments for
/// mma.m16n8k8").
Registers KernelEmitter::dot_by_mma(const GpuDot& dot, Registers acc, std::int64_t depth) {
  const Layout& layout = dot.result;
  const int rank = static_cast<int>(layout.extents.size());
  DotSide lhs = dot_side(dot, dot.lhs, rank - 2), rhs = dot_side(dot, dot.rhs, rank - 1);
  llvm::Value* within = builder_.CreateAnd(lane(), i32(3));
  llvm::Value* group = builder_.CreateLShr(lane(), i32(2));
  lhs.base = shared_address(lhs.base, builder_.CreateMul(within, i32(lhs.tile->pitch)));
  // The result's lanes hold columns 2 * within, but B's hold column group.
  llvm::Value* shift = builder_.CreateSub(group, builder_.CreateShl(within, i32(1)));
  rhs.base = shared_address(
      rhs.base, builder_.CreateAdd(builder_.CreateMul(within, i32(rhs.tile->pitch)), shift));
  const auto bits = [&](const DotSide& side, llvm::Value* k, std::int64_t k_offset,
                        std::int64_t offset) {
    llvm::Value* row = builder_.CreateMul(k, i32(side.tile->pitch));
    llvm::Value* address =
        shared_address(shared_address(side.base, row), i32(k_offset * side.tile->pitch + offset));
    return builder_.CreateAlignedLoad(builder_.getInt32Ty(), address, llvm::Align(4));
  };
  return depth_loop(depth, 8, std::move(acc), [&](llvm::Value* k, Registers sum) {
    std::map<std::int64_t, std::vector<llvm::Value*>> a, b;  // fragments by offset
    for (std::size_t r = 0; r < sum.size(); r += 4) {
      auto& left = a[lhs.offsets[r]];
      if (left.empty()) {
        for (std::int64_t i = 0; i < 4; ++i) {
          left.push_back(bits(lhs, k, i / 2 * 4, lhs.offsets[r] + i % 2 * 8));
        }
      }
      auto& right = b[rhs.offsets[r]];
      if (right.empty()) {
        for (std::int64_t i = 0; i < 2; ++i) {
          right.push_back(bits(rhs, k, i * 4, rhs.offsets[r]));
        }
      }
      llvm::Value* product =
          builder_.CreateIntrinsic(llvm::Intrinsic::nvvm_mma_m16n8k8_row_col_tf32, {},
                                   {left[0], left[1], left[2], left[3], right[0], right[1], sum[r],
                                    sum[r + 1], sum[r + 2], sum[r + 3]});
      for (unsigned i = 0; i < 4; ++i) sum[r + i] = builder_.CreateExtractValue(product, i);
    }
    return sum;
  });
}

/// Ends a dot: a zero result is +0.
Registers KernelEmitter::plus_zero(Registers values) {
  llvm::Value* zero = llvm::ConstantFP::get(builder_.getFloatTy(), 0.0);
  for (llvm::Value*& value : values) value = builder_.CreateFAdd(value, zero);
  return values;
}

void KernelEmitter::emit_dot(OpId id) {
  const ir::Op& op = function_.ops[id];
  const GpuDot& dot = plan_.dot(id);
  Registers acc = operand(id, ir::op::Dot::acc);
  for (std::size_t side : dot.staged_sides()) {
    before_access(HazardTracker::place_of(plan_.staged[side].region), HazardTracker::Access::Read);
  }
  // What the tensor cores add up in an order of their own may be a -0.
  if (dot.kind == GpuDot::Kind::Wgmma) {
    return bind(op.results[0], dot_by_wgmma(dot, std::move(acc)));
  }
  const std::int64_t depth = function_.type(op.operands[ir::op::Dot::lhs]).shape.back();
  acc = dot.kind == GpuDot::Kind::Simt ? dot_by_fma(dot, std::move(acc), depth)
                                       : dot_by_mma(dot, std::move(acc), depth);
  bind(op.results[0], dot.chain.is_none() ? plus_zero(std::move(acc)) : std::move(acc));
}

}  // namespace tile::codegen::ptx
