// See kernel_emitter.h. Running combinations: the tile goes to scratch, each thread walks along
// lines of its own and writes the results in place, and the tile comes back. Slow beside a scan by
// exchanges, but sum and prod have their order fixed by NUMERICS: ascending in blocks of 256, each
// then combined with the total of the blocks before. A custom region is one chain.
#include <algorithm>

#include "compiler/base/check.h"
#include "compiler/codegen/ptx/instructions.h"
#include "compiler/codegen/ptx/kernel_emitter.h"
#include "compiler/codegen/ptx/shared_tile.h"
#include "compiler/schedule/gpu/scratch.h"

namespace tile::codegen::ptx {

using ir::Op;
using ir::OpId;
using ir::ReduceKind;

namespace {

constexpr std::int64_t block_length = 256;

}  // namespace

class ScanEmitter {
 public:
  ScanEmitter(KernelEmitter& kernel, OpId id);
  void run();

 private:
  using Element = std::vector<llvm::Value*>;

  void write_operands();
  void scan_lines();
  void scan_line(llvm::Value* line);
  /// The loop from the second position on; `first` is the element at the first.
  void scan_rest(llvm::Value* first_index, const Element& first);
  /// One position: `running` of its block, `total` of the blocks before; both are updated.
  Element step(llvm::Value* t, const Element& x, Element& running, Element& total,
               const Element& before);
  Element combined(const Element& left, const Element& right);
  Element load(llvm::Value* index);
  void store(llvm::Value* index, const Element& element);
  Memory place(std::size_t stream, llvm::Value* index);
  std::vector<llvm::PHINode*> phis(const Element& first, llvm::BasicBlock* from);

  llvm::IRBuilder<>& builder() { return kernel_.builder_; }

  KernelEmitter& kernel_;
  const OpId id_;
  const Op& op_;
  const ir::ScanAttrs& attributes_;
  const ir::Shape& shape_;
  std::vector<SharedTile> streams_;
  std::vector<std::int64_t> strides_;
  std::int64_t length_;
};

ScanEmitter::ScanEmitter(KernelEmitter& kernel, OpId id)
    : kernel_(kernel),
      id_(id),
      op_(kernel.function_.ops[id]),
      attributes_(std::get<ir::ScanAttrs>(op_.attributes)),
      shape_(kernel.function_.type(op_.operands[0]).shape),
      strides_(schedule::scan_strides(shape_, attributes_.axis)),
      length_(shape_[static_cast<std::size_t>(attributes_.axis)]) {
  std::int64_t offset = 0;
  for (ir::ValueId operand : op_.operands) {
    const ir::Type& type = kernel.function_.type(operand);
    llvm::Value* base =
        builder().CreateConstGEP1_64(builder().getInt8Ty(), kernel.region(schedule::RegionId{0}),
                                     static_cast<std::uint64_t>(offset));
    streams_.push_back({base, type, strides_});
    offset += schedule::scan_bytes(type, attributes_.axis);
  }
}

void ScanEmitter::write_operands() {
  std::vector<Registers>
      operands;  // converting may use scratch, so all come before the first write
  for (std::size_t s = 0; s < streams_.size(); ++s) operands.push_back(kernel_.operand(id_, s));
  kernel_.before_access(HazardTracker::scratch_place, HazardTracker::Access::Write);
  for (std::size_t s = 0; s < streams_.size(); ++s) {
    kernel_.store_shared(streams_[s], operands[s], kernel_.plan_.operands[id_][s].value());
  }
}

Memory ScanEmitter::place(std::size_t stream, llvm::Value* index) {
  llvm::Type* element =
      builder().getIntNTy(static_cast<unsigned>(8 * ir::byte_size(streams_[stream].type.element)));
  return {builder().CreateGEP(element, streams_[stream].base, index)};
}

ScanEmitter::Element ScanEmitter::load(llvm::Value* index) {
  Element result;
  for (std::size_t s = 0; s < streams_.size(); ++s) {
    result.push_back(load_elements(builder(), place(s, index),
                                   kernel_.type_of(streams_[s].type.element), 1, nullptr)[0]);
  }
  return result;
}

void ScanEmitter::store(llvm::Value* index, const Element& element) {
  for (std::size_t s = 0; s < streams_.size(); ++s) {
    store_elements(builder(), place(s, index), std::span(element).subspan(s, 1));
  }
}

ScanEmitter::Element ScanEmitter::combined(const Element& left, const Element& right) {
  if (attributes_.kind == ReduceKind::Custom) return kernel_.combine_by_region(op_, left, right);
  return {kernel_.combine(attributes_.kind, op_.operands[0], left[0], right[0])};
}

std::vector<llvm::PHINode*> ScanEmitter::phis(const Element& first, llvm::BasicBlock* from) {
  std::vector<llvm::PHINode*> made;
  for (llvm::Value* value : first) {
    made.push_back(builder().CreatePHI(value->getType(), 2));
    made.back()->addIncoming(value, from);
  }
  return made;
}

ScanEmitter::Element ScanEmitter::step(llvm::Value* t, const Element& x, Element& running,
                                       Element& total, const Element& before) {
  Element next = combined(running, x);
  if (attributes_.kind == ReduceKind::Custom || length_ <= block_length) {
    running = next;
    return next;
  }
  llvm::IRBuilder<>& b = builder();
  llvm::Value* is_first =
      b.CreateICmpEQ(b.CreateAnd(t, kernel_.i32(block_length - 1)), kernel_.i32(0));
  running = {b.CreateSelect(is_first, x[0], next[0])};
  total = {b.CreateSelect(is_first, before[0], total[0])};
  llvm::Value* in_first_block = b.CreateICmpULT(t, kernel_.i32(block_length));
  return {b.CreateSelect(in_first_block, running[0], combined(total, running)[0])};
}

void ScanEmitter::scan_rest(llvm::Value* first_index, const Element& first) {
  llvm::IRBuilder<>& b = builder();
  llvm::BasicBlock* from = b.GetInsertBlock();
  llvm::BasicBlock *turn = kernel_.new_block("scan"), *after = kernel_.new_block("scanned");
  b.CreateBr(turn);
  b.SetInsertPoint(turn);
  const auto t = phis({kernel_.i32(1)}, from);
  const auto running = phis(first, from), total = phis(first, from), before = phis(first, from);
  const std::int64_t stride = strides_[static_cast<std::size_t>(attributes_.axis)];
  llvm::Value* index = b.CreateAdd(
      first_index, b.CreateMul(t[0], kernel_.i32(attributes_.reverse ? -stride : stride)));
  Element now(running.begin(), running.end()), sum(total.begin(), total.end());
  const Element result = step(t[0], load(index), now, sum, Element(before.begin(), before.end()));
  store(index, result);
  llvm::Value* next = b.CreateAdd(t[0], kernel_.i32(1));
  llvm::BasicBlock* end = b.GetInsertBlock();
  t[0]->addIncoming(next, end);
  for (std::size_t s = 0; s < first.size(); ++s) {
    running[s]->addIncoming(now[s], end);
    total[s]->addIncoming(sum[s], end);
    before[s]->addIncoming(result[s], end);
  }
  b.CreateCondBr(b.CreateICmpULT(next, kernel_.i32(length_)), turn, after);
  b.SetInsertPoint(after);
}

/// The number of a line is row-major over the dimensions but the axis.
void ScanEmitter::scan_line(llvm::Value* line) {
  llvm::IRBuilder<>& b = builder();
  llvm::Value* index = kernel_.i32(0);
  for (std::size_t d = shape_.size(); d-- > 0;) {
    if (static_cast<int>(d) == attributes_.axis) continue;
    llvm::Value* at = b.CreateURem(line, kernel_.i32(shape_[d]));
    line = b.CreateUDiv(line, kernel_.i32(shape_[d]));
    index = b.CreateAdd(index, b.CreateMul(at, kernel_.i32(strides_[d])));
  }
  if (attributes_.reverse) {
    const std::int64_t stride = strides_[static_cast<std::size_t>(attributes_.axis)];
    index = b.CreateAdd(index, kernel_.i32((length_ - 1) * stride));
  }
  scan_rest(index, load(index));
}

/// Line after line; threads part here, so nothing inside may be a barrier.
void ScanEmitter::scan_lines() {
  llvm::IRBuilder<>& b = builder();
  const std::int64_t lines = ir::element_count(shape_).value() / length_;
  llvm::BasicBlock* from = b.GetInsertBlock();
  llvm::BasicBlock *header = kernel_.new_block("line"), *body = kernel_.new_block("along"),
                   *after = kernel_.new_block("lines_done");
  b.CreateBr(header);
  b.SetInsertPoint(header);
  const auto line = phis({kernel_.thread()}, from);
  b.CreateCondBr(b.CreateICmpULT(line[0], kernel_.i32(lines)), body, after);
  b.SetInsertPoint(body);
  scan_line(line[0]);
  line[0]->addIncoming(b.CreateAdd(line[0], kernel_.i32(kernel_.plan_.threads())),
                       b.GetInsertBlock());
  b.CreateBr(header);
  b.SetInsertPoint(after);
}

void ScanEmitter::run() {
  write_operands();
  kernel_.before_access(HazardTracker::scratch_place, HazardTracker::Access::Write);
  if (length_ > 1) scan_lines();
  kernel_.before_access(HazardTracker::scratch_place, HazardTracker::Access::Read);
  for (std::size_t s = 0; s < streams_.size(); ++s) {
    kernel_.bind(op_.results[s],
                 kernel_.load_shared(streams_[s], kernel_.plan_.layouts[op_.results[s]].value()));
  }
}

void KernelEmitter::emit_scan(OpId op) { ScanEmitter(*this, op).run(); }

}  // namespace tile::codegen::ptx
