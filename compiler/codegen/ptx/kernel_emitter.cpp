// See kernel_emitter.h. The frame: entry function, parameters, threads, where elements are.
#include "compiler/codegen/ptx/kernel_emitter.h"

#include <fmt/format.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/Module.h>

#include <algorithm>
#include <charconv>

#include "compiler/base/check.h"
#include "compiler/ir/argument_words.h"
#include "compiler/schedule/index_map.h"

namespace tile::codegen::ptx {

using ir::ElementType;
using ir::OpId;
using ir::ValueId;

namespace {

constexpr unsigned global_memory = 1, shared_memory = 3;

}  // namespace

bool HazardTracker::needs_barrier(Place place, Access access, Owner owner) {
  const bool is_write = access == Access::Write;
  const auto conflicts = [&](const Touched& touched) {
    const auto found = touched.find(place);
    return found != touched.end() && (owner == 0 || found->second != owner);
  };
  const bool needed = conflicts(writes_) || (is_write && conflicts(reads_));
  if (needed) barrier();
  record(is_write ? writes_ : reads_, place, owner);
  return needed;
}

void HazardTracker::record(Touched& touched, Place place, Owner owner) {
  const auto [at, is_new] = touched.emplace(place, owner);
  if (!is_new && at->second != owner) at->second = 0;
}

void HazardTracker::merge(const HazardTracker& other) {
  for (const auto& [place, owner] : other.reads_) record(reads_, place, owner);
  for (const auto& [place, owner] : other.writes_) record(writes_, place, owner);
}

KernelEmitter::KernelEmitter(llvm::Module& target, const ir::Module& module,
                             const SourceSet& sources, const schedule::GpuPlan& plan,
                             std::span<const StrideClass> strides)
    : target_(target),
      function_(module.functions[module.kernel]),
      sources_(sources),
      plan_(plan),
      strides_(strides),
      builder_(target.getContext()),
      facts_(function_) {
  values_.resize(function_.values.size());
  first_word_ = ir::first_words(function_);
}

void KernelEmitter::declare_entry(const std::string& entry) {
  const std::size_t words = first_word_.back() + static_cast<std::size_t>(function_.grid_rank());
  std::vector<llvm::Type*> types(words, builder_.getInt64Ty());
  if (plan_.pipeline) types.insert(types.end(), 2, builder_.getPtrTy());
  auto* type = llvm::FunctionType::get(builder_.getVoidTy(), types, false);
  entry_ = llvm::Function::Create(type, llvm::Function::ExternalLinkage, entry, target_);
  entry_->setCallingConv(llvm::CallingConv::PTX_Kernel);
  lines_.emplace(*entry_, sources_, function_.span);
  builder_.SetCurrentDebugLocation(lines_->location(function_.span));
  entry_->addFnAttr("nvvm.maxntid", std::to_string(plan_.threads()));
  if (plan_.blocks > 0) entry_->addFnAttr("nvvm.minctasm", std::to_string(plan_.blocks));
  for (auto i = static_cast<unsigned>(words); i < types.size(); ++i) {
    // A tensor map must stay where the launch put it.
    auto& context = target_.getContext();
    entry_->addParamAttr(i, llvm::Attribute::getWithByValType(
                                context, llvm::ArrayType::get(builder_.getInt8Ty(), 128)));
    entry_->addParamAttr(i, llvm::Attribute::getWithAlignment(context, llvm::Align(64)));
    entry_->addParamAttr(i, llvm::Attribute::ReadOnly);
    entry_->addParamAttr(i, llvm::Attribute::get(context, "nvvm.grid_constant"));
  }
  entry_->addFnAttr(llvm::Attribute::NoUnwind);
  if (plan_.shared_bytes > 0) {
    // Dynamic shared memory: its size is the launch's.
    shared_ = new llvm::GlobalVariable(target_, llvm::ArrayType::get(builder_.getInt8Ty(), 0),
                                       false, llvm::GlobalValue::ExternalLinkage, nullptr, "shared",
                                       nullptr, llvm::GlobalValue::NotThreadLocal, shared_memory);
    shared_->setAlignment(llvm::Align(1024));
  }
  prologue_ = llvm::BasicBlock::Create(target_.getContext(), "entry", entry_);
  auto* body = llvm::BasicBlock::Create(target_.getContext(), "body", entry_);
  builder_.SetInsertPoint(prologue_);
  builder_.CreateBr(body);
  builder_.SetInsertPoint(body);
}

void KernelEmitter::run(const std::string& entry) {
  declare_entry(entry);
  if (plan_.pipeline) {
    run_pipeline();
  } else {
    emit_block(function_.body);
  }
  builder_.CreateRetVoid();
  lines_->finish();
}

// Values.

void KernelEmitter::bind(ValueId value, Registers registers) {
  values_[value] = std::move(registers);
  stage(value);
}

const Registers& KernelEmitter::registers(ValueId value) {
  TILE_CHECK(!values_[value].empty(), "a value is computed before it is used");
  return values_[value];
}

Registers KernelEmitter::operand(OpId op, std::size_t i) {
  const ValueId value = function_.ops[op].operands[i];
  const auto& wanted = plan_.operands[op];
  if (i >= wanted.size() || !wanted[i]) return {scalar(value)};
  return in_layout(value, *wanted[i]);
}

Registers KernelEmitter::in_layout(ValueId value, const Layout& layout) {
  const auto& home = plan_.layouts[value];
  if (!home) return rematerialize(value, layout);
  return convert(registers(value), *home, layout, function_.type(value));
}

llvm::Value* KernelEmitter::scalar(ValueId value) {
  if (!values_[value].empty()) return values_[value][0];
  if (const auto known = function_.constant_value(value)) return constant(*known);
  const ir::Value& facts = function_.values[value];
  TILE_CHECK(facts.block == function_.body, "a scalar is computed before it is used");
  llvm::Value* word = argument_word(first_word_[facts.index]);
  return once(fmt::format("scalar {}", facts.index), [&]() -> llvm::Value* {
    const ElementType element = facts.type.element;
    if (element == ElementType::Bool) return builder_.CreateICmpNE(word, i64(0));
    if (ir::is_float(element)) {
      return builder_.CreateBitCast(builder_.CreateTrunc(word, builder_.getInt32Ty()),
                                    builder_.getFloatTy());
    }
    return builder_.CreateTrunc(word, type_of(element));
  });
}

llvm::Type* KernelEmitter::type_of(ElementType element) {
  if (element == ElementType::Bool) return builder_.getInt1Ty();
  if (ir::is_float(element)) return builder_.getFloatTy();
  return builder_.getIntNTy(static_cast<unsigned>(8 * ir::byte_size(element)));
}

// Threads, and where their elements are.

llvm::Value* KernelEmitter::thread() {
  return once("thread", [&] {
    return builder_.CreateIntrinsic(llvm::Intrinsic::nvvm_read_ptx_sreg_tid_x, {});
  });
}

llvm::Value* KernelEmitter::lane() {
  llvm::Value* thread = this->thread();
  return once("lane",
              [&] { return builder_.CreateAnd(thread, i32(schedule::lanes_per_warp - 1)); });
}

llvm::Value* KernelEmitter::warp() {
  llvm::Value* thread = this->thread();
  return once("warp", [&] { return builder_.CreateLShr(thread, i32(5)); });
}

llvm::Value* KernelEmitter::thread_coordinate(const Layout& layout, int dim) {
  std::vector<std::int64_t> bases;
  for (std::int64_t basis : layout.lanes) bases.push_back(layout.coordinate(basis, dim));
  for (std::int64_t basis : layout.warps) bases.push_back(layout.coordinate(basis, dim));
  std::string name = "coordinate";
  for (std::int64_t basis : bases) name += ' ' + std::to_string(basis);
  llvm::Value* thread = this->thread();
  return once(name, [&]() -> llvm::Value* {
    // Runs of bits that keep their order move together.
    llvm::Value* sum = i32(0);
    for (std::size_t bit = 0; bit < bases.size();) {
      if (bases[bit] == 0) {
        ++bit;
        continue;
      }
      std::size_t end = bit + 1;
      while (end < bases.size() && bases[end] == bases[end - 1] * 2) ++end;
      llvm::Value* field =
          builder_.CreateAnd(builder_.CreateLShr(thread, i32(static_cast<std::int64_t>(bit))),
                             i32((std::int64_t{1} << (end - bit)) - 1));
      sum = builder_.CreateXor(sum, builder_.CreateMul(field, i32(bases[bit])));
      bit = end;
    }
    return sum;
  });
}

llvm::Value* KernelEmitter::coordinate(const Layout& layout, int dim, int register_number) {
  const std::int64_t own = layout.coordinate(layout.register_element(register_number), dim);
  llvm::Value* thread = thread_coordinate(layout, dim);
  if (own == 0) return thread;
  std::int64_t taken = 0;
  for (std::int64_t basis : layout.lanes) taken |= layout.coordinate(basis, dim);
  for (std::int64_t basis : layout.warps) taken |= layout.coordinate(basis, dim);
  // Bits that no thread has are added, so that they can become offsets in addresses.
  if ((taken & own) == 0) return builder_.CreateAdd(thread, i32(own), "", true, true);
  return builder_.CreateXor(thread, i32(own));
}

llvm::Value* KernelEmitter::flat_index(const Layout& layout, const ir::Shape& shape,
                                       int register_number) {
  llvm::Value* flat = i32(0);
  for (std::size_t d = 0; d < shape.size(); ++d) {
    flat = builder_.CreateAdd(builder_.CreateMul(flat, i32(shape[d])),
                              coordinate(layout, static_cast<int>(d), register_number));
  }
  return flat;
}

llvm::Value* KernelEmitter::is_first_copy(const Layout& layout) {
  std::int64_t copies = 0;
  for (std::size_t bit = 0; bit < layout.lanes.size(); ++bit) {
    if (layout.lanes[bit] == 0) copies |= std::int64_t{1} << bit;
  }
  for (std::size_t bit = 0; bit < layout.warps.size(); ++bit) {
    if (layout.warps[bit] == 0) copies |= std::int64_t{1} << (bit + layout.lanes.size());
  }
  if (copies == 0) return nullptr;
  llvm::Value* thread = this->thread();
  return once(fmt::format("first copy {}", copies), [&] {
    return builder_.CreateICmpEQ(builder_.CreateAnd(thread, i32(copies)), i32(0));
  });
}

llvm::Value* KernelEmitter::is_alive(const Layout& layout, const ir::Shape& shape,
                                     int register_number) {
  llvm::Value* alive = nullptr;
  for (std::size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == layout.extents[d]) continue;
    llvm::Value* inside = builder_.CreateICmpULT(
        coordinate(layout, static_cast<int>(d), register_number), i32(shape[d]));
    alive = alive == nullptr ? inside : builder_.CreateAnd(alive, inside);
  }
  return alive;
}

// Parameters.

llvm::Value* KernelEmitter::argument_word(std::size_t word) {
  return entry_->getArg(static_cast<unsigned>(word));
}

llvm::Value* KernelEmitter::tensor(ValueId tensor) {
  const std::size_t index = function_.values[tensor].index;
  llvm::Value* word = argument_word(first_word_[index]);
  return once(fmt::format("tensor {}", index), [&] {
    return builder_.CreateIntToPtr(word,
                                   llvm::PointerType::get(target_.getContext(), global_memory));
  });
}

/// The launcher checks that a symbol has one value, so its first place speaks for all: bounds of
/// tensors of one size are then the same value.
llvm::Value* KernelEmitter::size(ValueId tensor, std::size_t dim) {
  const std::string& symbol = function_.parameters[function_.values[tensor].index].sizes[dim];
  std::int64_t constant = 0;
  const char* end = symbol.data() + symbol.size();
  if (std::from_chars(symbol.data(), end, constant).ptr == end) return i64(constant);
  for (std::size_t p = 0; p < function_.parameters.size(); ++p) {
    const auto& sizes = function_.parameters[p].sizes;
    const auto found = std::ranges::find(sizes, symbol);
    if (found == sizes.end()) continue;
    return argument_word(first_word_[p] + 1 + static_cast<std::size_t>(found - sizes.begin()));
  }
  TILE_UNREACHABLE("a size is its own first place at the latest");
}

llvm::Value* KernelEmitter::stride(ValueId tensor, std::size_t dim) {
  const StrideClass& strides = strides_[schedule::tensor_number(function_, tensor)];
  if (strides.unit_dim == static_cast<int>(dim)) return i64(1);
  if ((strides.zero_dims >> dim & 1u) != 0) return i64(0);
  const auto rank = static_cast<std::size_t>(function_.type(tensor).rank());
  return argument_word(first_word_[function_.values[tensor].index] + 1 + rank + dim);
}

llvm::Value* KernelEmitter::program_number() {
  if (program_ != nullptr) return program_;
  return once("program number", [&] {
    return builder_.CreateIntrinsic(llvm::Intrinsic::nvvm_read_ptx_sreg_ctaid_x, {});
  });
}

/// At most 2^31 - 1 programs: 32 bits suffice, and divide faster.
llvm::Value* KernelEmitter::grid_extent(int axis) {
  return builder_.CreateTrunc(argument_word(first_word_.back() + static_cast<std::size_t>(axis)),
                              builder_.getInt32Ty());
}

/// The last two coordinates of block n, of I rows by J columns: bands of `band_rows` rows (the last
/// may have fewer) follow each other, and within a band its columns.
llvm::Value* KernelEmitter::banded_program_id(bool is_row) {
  const int rank = function_.grid_rank();
  llvm::Value *rows = grid_extent(rank - 2), *columns = grid_extent(rank - 1);
  llvm::Value* n = builder_.CreateURem(program_number(), builder_.CreateMul(rows, columns));
  llvm::Value* per_band = builder_.CreateMul(columns, i32(plan_.band_rows));
  llvm::Value* first = builder_.CreateMul(builder_.CreateUDiv(n, per_band), i32(plan_.band_rows));
  llvm::Value* height = builder_.CreateBinaryIntrinsic(
      llvm::Intrinsic::umin, builder_.CreateSub(rows, first), i32(plan_.band_rows));
  llvm::Value* within = builder_.CreateURem(n, per_band);
  return is_row ? builder_.CreateAdd(first, builder_.CreateURem(within, height))
                : builder_.CreateUDiv(within, height);
}

llvm::Value* KernelEmitter::program_id(int axis) {
  const int rank = function_.grid_rank();
  llvm::Value* number = program_number();
  const auto compute = [&]() -> llvm::Value* {
    llvm::Value* id = number;
    if (plan_.band_rows > 1 && axis >= rank - 2) {
      id = banded_program_id(axis == rank - 2);
    } else if (rank > 1) {
      // Row-major over the grid.
      for (int d = rank - 1; d > axis; --d) id = builder_.CreateUDiv(id, grid_extent(d));
      if (axis > 0) id = builder_.CreateURem(id, grid_extent(axis));
    }
    return builder_.CreateZExt(id, builder_.getInt64Ty());
  };
  return program_ != nullptr ? compute() : once(fmt::format("program {}", axis), compute);
}

}  // namespace tile::codegen::ptx
