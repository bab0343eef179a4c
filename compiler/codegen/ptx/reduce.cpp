// See kernel_emitter.h. Reductions. Each bit of the axis' index is a bit of the register's, the
// lane's or the warp's number, and combining over one bit joins two registers, exchanges between
// two lanes, or between warps through scratch. Sum and prod go from bit to bit in the order that
// NUMERICS rule 2 fixes: bits 8 and up as one ascending chain, then 7, 6, .. 0. The other kinds
// have no order, so registers go first. Afterwards all threads along the axis hold the result.
#include <llvm/IR/IntrinsicsNVPTX.h>

#include <algorithm>
#include <array>

#include "compiler/base/check.h"
#include "compiler/codegen/ptx/instructions.h"
#include "compiler/codegen/ptx/kernel_emitter.h"
#include "compiler/schedule/gpu/scratch.h"

namespace tile::codegen::ptx {

using ir::ElementType;
using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ReduceKind;
using schedule::AxisBit;

namespace {

OpCode code_of(ReduceKind kind) {
  switch (kind) {
    case ReduceKind::Sum:
      return OpCode::Add;
    case ReduceKind::Prod:
      return OpCode::Mul;
    case ReduceKind::Max:
      return OpCode::Max;
    case ReduceKind::Min:
      return OpCode::Min;
    case ReduceKind::Any:
      return OpCode::Or;
    case ReduceKind::All:
      return OpCode::And;
    case ReduceKind::Xor:
      return OpCode::Xor;
    case ReduceKind::ArgMax:
    case ReduceKind::ArgMin:
    case ReduceKind::Custom:
      break;
  }
  TILE_UNREACHABLE("this kind has no op of its own");
}

bool is_signed_integer(ElementType element) {
  return ir::is_signed(element) && element != ElementType::Bool;
}

/// x with max(x, other) == other for all others (is_largest), or the same for min.
llvm::Constant* least(llvm::Type* type, bool is_signed, bool is_largest) {
  if (type->isFloatTy()) return llvm::ConstantFP::getInfinity(type, is_largest);
  const unsigned width = type->getIntegerBitWidth();
  if (is_signed) {
    return llvm::ConstantInt::get(type, is_largest ? llvm::APInt::getSignedMinValue(width)
                                                   : llvm::APInt::getSignedMaxValue(width));
  }
  return is_largest ? llvm::Constant::getNullValue(type) : llvm::Constant::getAllOnesValue(type);
}

}  // namespace

llvm::Value* KernelEmitter::combine(ReduceKind kind, ir::ValueId like, llvm::Value* left,
                                    llvm::Value* right) {
  Op op;
  op.code = code_of(kind);
  op.operands = {like, like};
  op.results = {like};
  return elementwise(op, std::array{left, right});
}

std::vector<llvm::Value*> KernelEmitter::combine_by_region(const Op& op,
                                                           std::span<llvm::Value* const> left,
                                                           std::span<llvm::Value* const> right) {
  const ir::Block& region = function_.blocks[op.regions[0]];
  for (std::size_t s = 0; s < left.size(); ++s) {
    bind(region.arguments[s], {left[s]});
    bind(region.arguments[left.size() + s], {right[s]});
  }
  std::vector<llvm::Value*> results;
  for (OpId id : region.ops) {
    if (function_.ops[id].code == OpCode::Yield) {
      for (ir::ValueId value : function_.ops[id].operands) results.push_back(scalar(value));
    } else {
      emit_op(id);
    }
  }
  return results;
}

class ReduceEmitter {
 public:
  ReduceEmitter(KernelEmitter& kernel, OpId id);
  void run();

 private:
  /// One element: a value per stream (an arg reduction carries its key and its index).
  using Element = std::vector<llvm::Value*>;

  void make_arg_state();
  llvm::Value* arg_key(llvm::Value* value);
  void neutralize_dead();
  Element combined(const Element& left, const Element& right);
  Element better(const Element& left, const Element& right);
  Element select(llvm::Value* condition, const Element& if_true, const Element& if_false);
  Element element(int r) const;
  void set(int r, const Element& element);
  std::vector<int> live_registers() const;

  void chain(int first_bit);
  void over_register(int bit);
  void over_lane(int bit);
  void over_warps(const std::vector<int>& bits);
  Memory exchange_place(std::size_t stream, std::size_t index, std::size_t count,
                        llvm::Value* thread);
  void store_for_warps(std::span<const int> registers);
  Element load_from_warp(std::size_t index, std::size_t count, llvm::Value* thread);
  void ordered();
  void unordered();
  /// Whether the upper half of level `bit` has an element at coordinate `upper`; null: always.
  llvm::Value* is_present(llvm::Value* upper);
  void bind_results();

  llvm::IRBuilder<>& builder() { return kernel_.builder_; }

  KernelEmitter& kernel_;
  const Op& op_;
  const ir::ReduceAttrs& attributes_;
  const Layout& layout_;
  const ir::Type& type_;
  std::int64_t length_;  // of the axis, without padding
  std::vector<AxisBit> bits_;
  std::vector<Registers> state_;  // by stream, under layout_
  int joined_ = 0;                // register bits that are combined already
  bool may_miss_ = false;         // elements of the level at hand may be missing
};

ReduceEmitter::ReduceEmitter(KernelEmitter& kernel, OpId id)
    : kernel_(kernel),
      op_(kernel.function_.ops[id]),
      attributes_(std::get<ir::ReduceAttrs>(op_.attributes)),
      layout_(kernel.plan_.operands[id][0].value()),
      type_(kernel.function_.type(op_.operands[0])),
      length_(type_.shape[static_cast<std::size_t>(attributes_.axis)]),
      bits_(schedule::axis_bits(layout_, attributes_.axis)) {
  for (std::size_t i = 0; i < op_.operands.size(); ++i) state_.push_back(kernel.operand(id, i));
}

/// Keys order like the elements, as integers: every NaN above all (below, for arg_min), and -0 like
/// +0.
llvm::Value* ReduceEmitter::arg_key(llvm::Value* value) {
  llvm::IRBuilder<>& b = builder();
  llvm::Type* i32 = b.getInt32Ty();
  if (!value->getType()->isFloatTy()) {
    if (value->getType()->getIntegerBitWidth() >= 32) return value;
    return is_signed_integer(type_.element) ? b.CreateSExt(value, i32) : b.CreateZExt(value, i32);
  }
  llvm::Value* is_nan = b.CreateFCmpUNO(value, value);
  llvm::Value* bits =
      b.CreateBitCast(b.CreateFAdd(value, llvm::ConstantFP::get(value->getType(), 0.0)), i32);
  // Negative floats have their magnitude in the wrong order.
  llvm::Value* flip = b.CreateLShr(b.CreateAShr(bits, 31), 1);
  const bool is_largest = attributes_.kind == ReduceKind::ArgMax;
  return b.CreateSelect(is_nan, least(i32, true, !is_largest), b.CreateXor(bits, flip));
}

void ReduceEmitter::make_arg_state() {
  Registers indices;
  for (int r = 0; r < layout_.register_count(); ++r) {
    llvm::Value*& value = state_[0][static_cast<std::size_t>(r)];
    value = arg_key(value);
    indices.push_back(kernel_.coordinate(layout_, attributes_.axis, r));
  }
  state_.push_back(std::move(indices));
}

/// For the kinds without an order: dead elements become ones that change nothing. The index of a
/// dead element is above all, so it loses ties.
void ReduceEmitter::neutralize_dead() {
  if (length_ == layout_.extents[static_cast<std::size_t>(attributes_.axis)]) return;
  llvm::Type* type = state_[0][0]->getType();
  llvm::Value* neutral = llvm::Constant::getNullValue(type);
  switch (attributes_.kind) {
    case ReduceKind::Max:
    case ReduceKind::ArgMax:
    case ReduceKind::Min:
    case ReduceKind::ArgMin: {
      const bool is_largest =
          attributes_.kind == ReduceKind::Max || attributes_.kind == ReduceKind::ArgMax;
      neutral = least(type, is_signed_integer(type_.element), is_largest);
      break;
    }
    case ReduceKind::All:
      neutral = llvm::Constant::getAllOnesValue(type);
      break;
    default:
      break;
  }
  for (int r = 0; r < layout_.register_count(); ++r) {
    llvm::Value*& value = state_[0][static_cast<std::size_t>(r)];
    llvm::Value* is_alive = builder().CreateICmpULT(
        kernel_.coordinate(layout_, attributes_.axis, r), kernel_.i32(length_));
    value = builder().CreateSelect(is_alive, value, neutral);
  }
}

ReduceEmitter::Element ReduceEmitter::better(const Element& left, const Element& right) {
  llvm::IRBuilder<>& b = builder();
  const bool is_signed = ir::is_float(type_.element) || is_signed_integer(type_.element);
  using P = llvm::CmpInst;
  const auto predicate = attributes_.kind == ReduceKind::ArgMax
                             ? (is_signed ? P::ICMP_SGT : P::ICMP_UGT)
                             : (is_signed ? P::ICMP_SLT : P::ICMP_ULT);
  llvm::Value* is_first =
      b.CreateAnd(b.CreateICmpEQ(right[0], left[0]), b.CreateICmpULT(right[1], left[1]));
  return select(b.CreateOr(b.CreateICmp(predicate, right[0], left[0]), is_first), right, left);
}

ReduceEmitter::Element ReduceEmitter::combined(const Element& left, const Element& right) {
  switch (attributes_.kind) {
    case ReduceKind::ArgMax:
    case ReduceKind::ArgMin:
      return better(left, right);
    case ReduceKind::Custom:
      return kernel_.combine_by_region(op_, left, right);
    default:
      return {kernel_.combine(attributes_.kind, op_.operands[0], left[0], right[0])};
  }
}

ReduceEmitter::Element ReduceEmitter::select(llvm::Value* condition, const Element& if_true,
                                             const Element& if_false) {
  Element result;
  for (std::size_t s = 0; s < if_true.size(); ++s) {
    result.push_back(builder().CreateSelect(condition, if_true[s], if_false[s]));
  }
  return result;
}

ReduceEmitter::Element ReduceEmitter::element(int r) const {
  Element result;
  for (const Registers& stream : state_) result.push_back(stream.at(static_cast<std::size_t>(r)));
  return result;
}

void ReduceEmitter::set(int r, const Element& element) {
  for (std::size_t s = 0; s < state_.size(); ++s) {
    state_[s][static_cast<std::size_t>(r)] = element[s];
  }
}

std::vector<int> ReduceEmitter::live_registers() const {
  std::vector<int> result;
  for (int r = 0; r < layout_.register_count(); ++r) {
    if ((r & joined_) == 0) result.push_back(r);
  }
  return result;
}

/// Bits from `first_bit` on are registers: one chain over them, ascending, without the dead.
void ReduceEmitter::chain(int first_bit) {
  const int count = static_cast<int>(bits_.size()) - first_bit;
  if (count <= 0) return;
  std::vector<int> positions;
  for (int bit = first_bit; bit < first_bit + count; ++bit) {
    TILE_CHECK(bits_[static_cast<std::size_t>(bit)].where == AxisBit::Where::Register,
               "the plan keeps ordered bits in registers");
    positions.push_back(bits_[static_cast<std::size_t>(bit)].position);
    joined_ |= 1 << positions.back();
  }
  for (int r : live_registers()) {
    Element sum = element(r);
    for (std::int64_t step = 1; step < std::int64_t{1} << count; ++step) {
      const std::int64_t first = step << first_bit;  // coordinate of this step's lane 0
      if (first >= length_) break;
      int member = r;
      for (std::size_t i = 0; i < positions.size(); ++i) {
        member |= static_cast<int>(step >> i & 1) << positions[i];
      }
      Element next = combined(sum, element(member));
      if (first + (std::int64_t{1} << first_bit) > length_) {
        llvm::Value* is_alive = builder().CreateICmpULT(
            kernel_.coordinate(layout_, attributes_.axis, member), kernel_.i32(length_));
        next = select(is_alive, next, sum);
      }
      sum = std::move(next);
    }
    set(r, sum);
  }
}

llvm::Value* ReduceEmitter::is_present(llvm::Value* upper) {
  return may_miss_ ? builder().CreateICmpULT(upper, kernel_.i32(length_)) : nullptr;
}

void ReduceEmitter::over_register(int bit) {
  const int upper_bit = 1 << bits_[static_cast<std::size_t>(bit)].position;
  joined_ |= upper_bit;
  for (int r : live_registers()) {
    Element sum = combined(element(r), element(r | upper_bit));
    llvm::Value* upper = kernel_.coordinate(layout_, attributes_.axis, r | upper_bit);
    if (llvm::Value* present = is_present(upper)) sum = select(present, sum, element(r));
    set(r, sum);
  }
}

void ReduceEmitter::over_lane(int bit) {
  llvm::IRBuilder<>& b = builder();
  const int mask = 1 << bits_[static_cast<std::size_t>(bit)].position;
  for (int r : live_registers()) {
    const Element own = element(r);
    Element other;
    for (llvm::Value* value : own) other.push_back(shuffle_xor(b, value, mask));
    // The kinds that come here commute, so both lanes get the same bits.
    Element sum = combined(own, other);
    llvm::Value* at = kernel_.coordinate(layout_, attributes_.axis, r);
    llvm::Value* half = kernel_.i32(std::int64_t{1} << bit);
    if (llvm::Value* present = is_present(b.CreateOr(at, half))) {
      llvm::Value* is_upper = b.CreateICmpNE(b.CreateAnd(at, half), kernel_.i32(0));
      sum = select(present, sum, select(is_upper, other, own));
    }
    set(r, sum);
  }
}

/// Scratch holds, for each stream and register of `count`, one value of each thread.
Memory ReduceEmitter::exchange_place(std::size_t stream, std::size_t index, std::size_t count,
                                     llvm::Value* thread) {
  llvm::IRBuilder<>& b = builder();
  const std::int64_t threads = kernel_.plan_.threads();
  std::int64_t offset = 0, bytes = 0;
  for (std::size_t s = 0; s <= stream; ++s) {
    const std::int64_t bits = state_[s][0]->getType()->getPrimitiveSizeInBits();
    bytes = std::max<std::int64_t>(1, bits / 8);
    if (s < stream) {
      offset += schedule::scratch_aligned(static_cast<std::int64_t>(count) * threads * bytes);
    }
  }
  offset += static_cast<std::int64_t>(index) * threads * bytes;
  llvm::Type* element = b.getIntNTy(static_cast<unsigned>(8 * bytes));
  return {b.CreateGEP(element, kernel_.region(schedule::RegionId{0}), thread), offset};
}

void ReduceEmitter::store_for_warps(std::span<const int> registers) {
  kernel_.before_access(HazardTracker::scratch_place, HazardTracker::Access::Write);
  for (std::size_t i = 0; i < registers.size(); ++i) {
    const Element own = element(registers[i]);
    for (std::size_t s = 0; s < own.size(); ++s) {
      store_elements(builder(), exchange_place(s, i, registers.size(), kernel_.thread()),
                     std::span(own).subspan(s, 1));
    }
  }
  kernel_.before_access(HazardTracker::scratch_place, HazardTracker::Access::Read);
}

ReduceEmitter::Element ReduceEmitter::load_from_warp(std::size_t index, std::size_t count,
                                                     llvm::Value* thread) {
  Element result;
  for (std::size_t s = 0; s < state_.size(); ++s) {
    result.push_back(load_elements(builder(), exchange_place(s, index, count, thread),
                                   state_[s][0]->getType(), 1, nullptr)[0]);
  }
  return result;
}

/// Several levels at once, from the first of `bits` on: every thread reads what all the warps hold
/// and joins it by itself, which costs one exchange instead of one per level.
void ReduceEmitter::over_warps(const std::vector<int>& bits) {
  llvm::IRBuilder<>& b = builder();
  const std::vector<int> registers = live_registers();
  store_for_warps(registers);
  const int count = 1 << bits.size();
  // Number m of the tree stands for the last of `bits` in its bit 0.
  std::vector<std::int64_t> threads(static_cast<std::size_t>(count)), steps(threads);
  for (std::size_t m = 0; m < threads.size(); ++m) {
    for (std::size_t i = 0; i < bits.size(); ++i) {
      if ((m >> (bits.size() - 1 - i) & 1) == 0) continue;
      const int position = bits_[static_cast<std::size_t>(bits[i])].position;
      threads[m] |= std::int64_t{schedule::lanes_per_warp} << position;
      steps[m] |= std::int64_t{1} << bits[i];
    }
  }
  llvm::Value* base = b.CreateAnd(kernel_.thread(), kernel_.i32(~threads.back()));
  const bool may_miss = may_miss_;
  for (std::size_t i = 0; i < registers.size(); ++i) {
    std::vector<Element> elements;
    for (std::int64_t thread : threads) {
      elements.push_back(
          load_from_warp(i, registers.size(), b.CreateAdd(base, kernel_.i32(thread))));
    }
    llvm::Value* at = b.CreateAnd(kernel_.coordinate(layout_, attributes_.axis, registers[i]),
                                  kernel_.i32(~steps.back()));
    may_miss_ = may_miss;
    for (std::size_t half = elements.size() / 2; half > 0; half /= 2) {
      for (std::size_t m = 0; m < half; ++m) {
        Element sum = combined(elements[m], elements[m + half]);
        llvm::Value* upper = b.CreateOr(at, kernel_.i32(steps[m + half]));
        if (llvm::Value* present = is_present(upper)) sum = select(present, sum, elements[m]);
        elements[m] = std::move(sum);
      }
      may_miss_ = false;
    }
    set(registers[i], elements[0]);
  }
}

/// Level after level of the tree; neighbouring levels between warps are one exchange. Elements are
/// missing from the first level at most: behind it a power of two of lanes is left.
void ReduceEmitter::ordered() {
  chain(schedule::sum_lane_bits);
  may_miss_ = length_ < std::int64_t{1}
                            << std::min<std::size_t>(bits_.size(), schedule::sum_lane_bits);
  const auto where = [&](int bit) { return bits_[static_cast<std::size_t>(bit)].where; };
  int bit = std::min(static_cast<int>(bits_.size()), schedule::sum_lane_bits) - 1;
  while (bit >= 0) {
    if (where(bit) == AxisBit::Where::Register) {
      over_register(bit--);
    } else if (where(bit) == AxisBit::Where::Lane) {
      over_lane(bit--);
    } else {
      std::vector<int> run;
      while (bit >= 0 && where(bit) == AxisBit::Where::Warp) run.push_back(bit--);
      over_warps(run);
    }
    may_miss_ = false;
  }
}

void ReduceEmitter::unordered() {
  neutralize_dead();
  std::vector<int> in_warps;
  for (const auto where : {AxisBit::Where::Register, AxisBit::Where::Lane, AxisBit::Where::Warp}) {
    for (int bit = static_cast<int>(bits_.size()) - 1; bit >= 0; --bit) {
      if (bits_[static_cast<std::size_t>(bit)].where != where) continue;
      if (where == AxisBit::Where::Register) over_register(bit);
      if (where == AxisBit::Where::Lane) over_lane(bit);
      if (where == AxisBit::Where::Warp) in_warps.push_back(bit);
    }
  }
  if (!in_warps.empty()) over_warps(in_warps);
}

void ReduceEmitter::bind_results() {
  llvm::IRBuilder<>& b = builder();
  const bool is_arg =
      attributes_.kind == ReduceKind::ArgMax || attributes_.kind == ReduceKind::ArgMin;
  for (std::size_t i = 0; i < op_.results.size(); ++i) {
    Registers registers;
    for (int r : live_registers()) {
      llvm::Value* value = state_[is_arg ? 1 : i][static_cast<std::size_t>(r)];
      if (is_arg) {
        value =
            b.CreateZExt(value, kernel_.type_of(kernel_.function_.type(op_.results[i]).element));
      } else if (attributes_.kind == ReduceKind::Sum && ir::is_float(type_.element)) {
        value = b.CreateFAdd(value, llvm::ConstantFP::get(value->getType(), 0.0));
      }
      registers.push_back(value);
    }
    const ir::ValueId result = op_.results[i];
    if (const auto& home = kernel_.plan_.layouts[result]) {
      registers = kernel_.convert(registers, schedule::drop_dimension(layout_, attributes_.axis),
                                  *home, kernel_.function_.type(result));
    }
    kernel_.bind(result, std::move(registers));
  }
}

void ReduceEmitter::run() {
  switch (attributes_.kind) {
    case ReduceKind::Sum:
    case ReduceKind::Prod:
      ordered();
      break;
    case ReduceKind::Custom:
      chain(0);
      break;
    case ReduceKind::ArgMax:
    case ReduceKind::ArgMin:
      make_arg_state();
      unordered();
      break;
    default:
      unordered();
  }
  bind_results();
}

void KernelEmitter::emit_reduce(OpId op) { ReduceEmitter(*this, op).run(); }

}  // namespace tile::codegen::ptx
