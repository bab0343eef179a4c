// See kernel_emitter.h. Element-wise ops on one register each, exactly as docs/ir.md defines them
// (interpret/numbers.h is the same in C++), constants, and tiles that are computed anew wherever
// they are wanted. No instruction carries a fast-math flag: LLVM then neither contracts nor
// reassociates, and its NVPTX back end writes .rn and no .ftz.
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsNVPTX.h>
#include <llvm/IR/Module.h>

#include <array>

#include "compiler/base/check.h"
#include "compiler/codegen/ptx/kernel_emitter.h"

namespace tile::codegen::ptx {

using ir::ElementType;
using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

namespace {

using Builder = llvm::IRBuilder<>;
using Operands = std::span<llvm::Value* const>;

/// An intrinsic whose operands and result have one type.
llvm::Value* call(Builder& builder, llvm::Intrinsic::ID intrinsic, Operands x) {
  return builder.CreateIntrinsic(intrinsic, {x[0]->getType()}, llvm::ArrayRef(x.data(), x.size()));
}

llvm::Value* constant_like(llvm::Value* value, std::int64_t number) {
  return llvm::ConstantInt::getSigned(value->getType(), number);
}

/// A divisor with which LLVM's division is defined, and the cases that it leaves out (null: the
/// divisor is known not to be that).
struct Divisor {
  llvm::Value* safe = nullptr;
  llvm::Value* is_zero = nullptr;
  llvm::Value* is_minus_one = nullptr;
};

Divisor guard(Builder& builder, llvm::Value* divisor, bool is_signed) {
  const auto* known = llvm::dyn_cast<llvm::ConstantInt>(divisor);
  if (known != nullptr && !known->isZero() && !known->isMinusOne()) return {divisor};
  Divisor guarded;
  guarded.is_zero = builder.CreateICmpEQ(divisor, constant_like(divisor, 0));
  llvm::Value* is_unsafe = guarded.is_zero;
  if (is_signed) {
    guarded.is_minus_one = builder.CreateICmpEQ(divisor, constant_like(divisor, -1));
    is_unsafe = builder.CreateOr(guarded.is_zero, guarded.is_minus_one);
  }
  guarded.safe = builder.CreateSelect(is_unsafe, constant_like(divisor, 1), divisor);
  return guarded;
}

llvm::Value* divide(Builder& builder, Operands x, bool is_signed) {
  const Divisor divisor = guard(builder, x[1], is_signed);
  llvm::Value* quotient =
      is_signed ? builder.CreateSDiv(x[0], divisor.safe) : builder.CreateUDiv(x[0], divisor.safe);
  if (divisor.is_minus_one != nullptr) {
    quotient = builder.CreateSelect(divisor.is_minus_one, builder.CreateNeg(x[0]), quotient);
  }
  if (divisor.is_zero == nullptr) return quotient;
  return builder.CreateSelect(divisor.is_zero, constant_like(x[0], 0), quotient);
}

llvm::Value* remainder(Builder& builder, Operands x, bool is_signed) {
  // The safe divisor of -1 is 1, which leaves the same remainder.
  const Divisor divisor = guard(builder, x[1], is_signed);
  llvm::Value* rest =
      is_signed ? builder.CreateSRem(x[0], divisor.safe) : builder.CreateURem(x[0], divisor.safe);
  return divisor.is_zero == nullptr ? rest : builder.CreateSelect(divisor.is_zero, x[0], rest);
}

llvm::Value* shift_count(Builder& builder, llvm::Value* count) {
  const std::int64_t width = count->getType()->getIntegerBitWidth();
  return builder.CreateAnd(count, constant_like(count, width - 1));
}

llvm::Value* multiply_high(Builder& builder, Operands x, bool is_signed) {
  const unsigned width = x[0]->getType()->getIntegerBitWidth();
  llvm::Type* wide = builder.getIntNTy(2 * width);
  llvm::Value* product = builder.CreateMul(builder.CreateIntCast(x[0], wide, is_signed),
                                           builder.CreateIntCast(x[1], wide, is_signed));
  return builder.CreateTrunc(builder.CreateLShr(product, width), x[0]->getType());
}

/// PTX's cvt to 32 and 64 bits saturates; NaN gives 0 in the narrow forms alone. LLVM's portable
/// intrinsics would compare and select for what the instruction does anyway.
llvm::Value* float_to_integer(Builder& builder, llvm::Value* x, llvm::Type* type, bool is_signed) {
  const auto either = [&](llvm::Intrinsic::ID if_signed, llvm::Intrinsic::ID if_unsigned) {
    return builder.CreateIntrinsic(is_signed ? if_signed : if_unsigned, {x});
  };
  if (type->isIntegerTy(32)) {
    return either(llvm::Intrinsic::nvvm_f2i_rz, llvm::Intrinsic::nvvm_f2ui_rz);
  }
  if (type->isIntegerTy(64)) {
    llvm::Value* rounded = either(llvm::Intrinsic::nvvm_f2ll_rz, llvm::Intrinsic::nvvm_f2ull_rz);
    return builder.CreateSelect(builder.CreateFCmpUNO(x, x), llvm::ConstantInt::get(type, 0),
                                rounded);
  }
  const auto narrow = is_signed ? llvm::Intrinsic::fptosi_sat : llvm::Intrinsic::fptoui_sat;
  return builder.CreateIntrinsic(narrow, {type, x->getType()}, {x});
}

/// `type` is the LLVM type of `to`.
llvm::Value* cast(Builder& builder, ElementType from, ElementType to, llvm::Value* x,
                  llvm::Type* type) {
  if (from == to) return x;
  const bool is_signed = ir::is_signed(from) && from != ElementType::Bool;
  if (to == ElementType::Bool) {
    llvm::Value* zero = llvm::Constant::getNullValue(x->getType());
    return ir::is_float(from) ? builder.CreateFCmpUNE(x, zero) : builder.CreateICmpNE(x, zero);
  }
  if (ir::is_float(to)) {
    return is_signed ? builder.CreateSIToFP(x, type) : builder.CreateUIToFP(x, type);
  }
  if (ir::is_float(from)) return float_to_integer(builder, x, type, ir::is_signed(to));
  return builder.CreateIntCast(x, type, is_signed);
}

llvm::Value* bitcast(Builder& builder, llvm::Value* x, llvm::Type* type) {
  if (x->getType() == type) return x;
  // A bool takes a byte in memory, but one bit in a register.
  if (x->getType()->isIntegerTy(1)) return builder.CreateZExt(x, type);
  if (type->isIntegerTy(1)) return builder.CreateICmpNE(x, constant_like(x, 0));
  return builder.CreateBitCast(x, type);
}

llvm::CmpInst::Predicate predicate_of(ir::Predicate predicate, ElementType element) {
  using P = llvm::CmpInst;
  struct Row {
    P::Predicate on_float, on_signed, on_unsigned;
  };
  const auto row = [&]() -> Row {
    switch (predicate) {
      case ir::Predicate::Eq:
        return {P::FCMP_OEQ, P::ICMP_EQ, P::ICMP_EQ};
      case ir::Predicate::Ne:
        return {P::FCMP_UNE, P::ICMP_NE, P::ICMP_NE};
      case ir::Predicate::Lt:
        return {P::FCMP_OLT, P::ICMP_SLT, P::ICMP_ULT};
      case ir::Predicate::Le:
        return {P::FCMP_OLE, P::ICMP_SLE, P::ICMP_ULE};
      case ir::Predicate::Gt:
        return {P::FCMP_OGT, P::ICMP_SGT, P::ICMP_UGT};
      case ir::Predicate::Ge:
        return {P::FCMP_OGE, P::ICMP_SGE, P::ICMP_UGE};
    }
    TILE_UNREACHABLE("predicate");
  }();
  if (ir::is_float(element)) return row.on_float;
  const bool is_signed = ir::is_signed(element) && element != ElementType::Bool;
  return is_signed ? row.on_signed : row.on_unsigned;
}

/// The ops that mean one thing on f32.
llvm::Value* on_float(Builder& builder, const Op& op, Operands x) {
  switch (op.code) {
    using enum OpCode;
    case Neg:
      return builder.CreateFNeg(x[0]);
    case Abs:
      return call(builder, llvm::Intrinsic::fabs, x);
    case Floor:
      return call(builder, llvm::Intrinsic::floor, x);
    case Ceil:
      return call(builder, llvm::Intrinsic::ceil, x);
    case Round:
      return call(builder, llvm::Intrinsic::roundeven, x);
    case Sqrt:
      return call(builder, llvm::Intrinsic::sqrt, x);
    case Add:
      return builder.CreateFAdd(x[0], x[1]);
    case Sub:
      return builder.CreateFSub(x[0], x[1]);
    case Mul:
      return builder.CreateFMul(x[0], x[1]);
    case Div:
      return builder.CreateFDiv(x[0], x[1]);
    case Min:
      return call(builder, llvm::Intrinsic::minimum, x);
    case Max:
      return call(builder, llvm::Intrinsic::maximum, x);
    case MinNumber:
      return call(builder, llvm::Intrinsic::minimumnum, x);
    case MaxNumber:
      return call(builder, llvm::Intrinsic::maximumnum, x);
    case Fma:
      return call(builder, llvm::Intrinsic::fma, x);
    default:
      TILE_UNREACHABLE("no such op on floats");
  }
}

llvm::Value* on_integer(Builder& builder, const Op& op, Operands x, bool is_signed) {
  const auto either = [&](llvm::Intrinsic::ID if_signed, llvm::Intrinsic::ID if_unsigned) {
    return call(builder, is_signed ? if_signed : if_unsigned, x);
  };
  switch (op.code) {
    using enum OpCode;
    case Neg:
      return builder.CreateNeg(x[0]);
    case Not:
      return builder.CreateNot(x[0]);
    case Abs:
      if (!is_signed) return x[0];
      return builder.CreateBinaryIntrinsic(llvm::Intrinsic::abs, x[0], builder.getFalse());
    case Add:
      return builder.CreateAdd(x[0], x[1]);
    case Sub:
      return builder.CreateSub(x[0], x[1]);
    case Mul:
      return builder.CreateMul(x[0], x[1]);
    case Div:
      return divide(builder, x, is_signed);
    case Rem:
      return remainder(builder, x, is_signed);
    case Min:
    case MinNumber:
      return either(llvm::Intrinsic::smin, llvm::Intrinsic::umin);
    case Max:
    case MaxNumber:
      return either(llvm::Intrinsic::smax, llvm::Intrinsic::umax);
    case And:
      return builder.CreateAnd(x[0], x[1]);
    case Or:
      return builder.CreateOr(x[0], x[1]);
    case Xor:
      return builder.CreateXor(x[0], x[1]);
    case Shl:
      return builder.CreateShl(x[0], shift_count(builder, x[1]));
    case Shr:
      return is_signed ? builder.CreateAShr(x[0], shift_count(builder, x[1]))
                       : builder.CreateLShr(x[0], shift_count(builder, x[1]));
    case MulHigh:
      return multiply_high(builder, x, is_signed);
    case Fma:
      return builder.CreateAdd(builder.CreateMul(x[0], x[1]), x[2]);
    default:
      TILE_UNREACHABLE("no such op on integers");
  }
}

}  // namespace

llvm::Value* KernelEmitter::elementwise(const Op& op, Operands operands) {
  const ElementType element = function_.type(op.operands[0]).element;
  const ElementType result = function_.type(op.results[0]).element;
  switch (op.code) {
    case OpCode::Cast:
      return cast(builder_, element, result, operands[0], type_of(result));
    case OpCode::Bitcast:
      return bitcast(builder_, operands[0], type_of(result));
    case OpCode::Select:
      return builder_.CreateSelect(operands[0], operands[1], operands[2]);
    case OpCode::Compare: {
      const auto predicate = std::get<ir::CompareAttrs>(op.attributes).predicate;
      return builder_.CreateCmp(predicate_of(predicate, element), operands[0], operands[1]);
    }
    default:
      if (ir::is_float(element)) return on_float(builder_, op, operands);
      // On bool, unsigned min and max of one bit are `and` and `or`.
      return on_integer(builder_, op, operands,
                        ir::is_signed(element) && element != ElementType::Bool);
  }
}

void KernelEmitter::emit_elementwise(OpId id) {
  const Op& op = function_.ops[id];
  std::array<Registers, 3> operands;
  for (std::size_t i = 0; i < op.operands.size(); ++i) operands[i] = operand(id, i);
  Registers results;
  for (std::size_t r = 0; r < operands[0].size(); ++r) {
    std::array<llvm::Value*, 3> x{};
    for (std::size_t i = 0; i < op.operands.size(); ++i) x[i] = operands[i][r];
    results.push_back(elementwise(op, Operands(x).first(op.operands.size())));
  }
  bind(op.results[0], std::move(results));
}

llvm::Value* KernelEmitter::constant(const ir::Scalar& value) {
  const auto width = value.element == ElementType::Bool
                         ? 1u
                         : static_cast<unsigned>(8 * ir::byte_size(value.element));
  const llvm::APInt bits = llvm::APInt(64, value.bits).trunc(width);
  if (!ir::is_float(value.element)) return builder_.getInt(bits);
  return llvm::ConstantFP::get(target_.getContext(),
                               llvm::APFloat(llvm::APFloat::IEEEsingle(), bits));
}

Registers KernelEmitter::rematerialize(ValueId value, const Layout& layout) {
  const auto count = static_cast<std::size_t>(layout.register_count());
  if (const auto known = function_.constant_value(value)) return {count, constant(*known)};
  const Op* op = function_.defining_op(value);
  TILE_CHECK(op != nullptr, "a tile argument has a layout");
  if (op->code == OpCode::Iota) {
    Registers indices;
    for (int r = 0; r < layout.register_count(); ++r) {
      indices.push_back(builder_.CreateZExtOrTrunc(
          coordinate(layout, std::get<ir::AxisAttrs>(op->attributes).axis, r),
          type_of(function_.type(value).element)));
    }
    return indices;
  }
  if (!ir::info(op->code).is_elementwise()) return rematerialize_shape_op(*op, layout);
  std::array<Registers, 3> operands;
  for (std::size_t i = 0; i < op->operands.size(); ++i) {
    operands[i] = in_layout(op->operands[i], layout);
  }
  Registers results;
  for (std::size_t r = 0; r < count; ++r) {
    std::array<llvm::Value*, 3> x{};
    for (std::size_t i = 0; i < op->operands.size(); ++i) x[i] = operands[i][r];
    results.push_back(elementwise(*op, Operands(x).first(op->operands.size())));
  }
  return results;
}

}  // namespace tile::codegen::ptx
