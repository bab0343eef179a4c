// Element-wise arithmetic: one loop per op and element type, each without aliasing (a result never
// shares a buffer with an operand of its op) so that the compiler vectorises it.
#include "compiler/interpret/numbers.h"
#include "compiler/interpret/prepare.h"

namespace tile::interpret {

namespace {

template <class Operation, class T>
void run_unary(Machine&, const Step& step) {
  const T* __restrict a = read<T>(step.operand[0]);
  T* __restrict result = write<T>(step.result);
  for (std::int64_t i = 0; i < step.count; ++i) result[i] = Operation::apply(a[i]);
}

template <class Operation, class T>
void run_binary(Machine&, const Step& step) {
  const T* __restrict a = read<T>(step.operand[0]);
  const T* __restrict b = read<T>(step.operand[1]);
  T* __restrict result = write<T>(step.result);
  for (std::int64_t i = 0; i < step.count; ++i) result[i] = Operation::apply(a[i], b[i]);
}

template <class Operation, class T>
void run_ternary(Machine&, const Step& step) {
  const T* __restrict a = read<T>(step.operand[0]);
  const T* __restrict b = read<T>(step.operand[1]);
  const T* __restrict c = read<T>(step.operand[2]);
  T* __restrict result = write<T>(step.result);
  for (std::int64_t i = 0; i < step.count; ++i) result[i] = Operation::apply(a[i], b[i], c[i]);
}

/// The loop of Operation for one element type; null where the op is not defined on it.
template <class Operation>
StepFunction unary(const Preparation& preparation, ir::ElementType element) {
  return with_type(element, preparation.real, []<class T>(Tag<T>) -> StepFunction {
    if constexpr (requires(T a) { Operation::apply(a); }) {
      return run_unary<Operation, T>;
    } else {
      return nullptr;
    }
  });
}

template <class Operation>
StepFunction binary(const Preparation& preparation, ir::ElementType element) {
  return with_type(element, preparation.real, []<class T>(Tag<T>) -> StepFunction {
    if constexpr (requires(T a) { Operation::apply(a, a); }) {
      return run_binary<Operation, T>;
    } else {
      return nullptr;
    }
  });
}

template <class Operation>
StepFunction ternary(const Preparation& preparation, ir::ElementType element) {
  return with_type(element, preparation.real, []<class T>(Tag<T>) -> StepFunction {
    if constexpr (requires(T a) { Operation::apply(a, a, a); }) {
      return run_ternary<Operation, T>;
    } else {
      return nullptr;
    }
  });
}

StepFunction loop_of(const Preparation& preparation, const ir::Op& op) {
  using enum ir::OpCode;
  const ir::ElementType element = preparation.type(op.operands[0]).element;
  switch (op.code) {
    case Neg:
      return unary<interpret::Neg>(preparation, element);
    case Not:
      return unary<interpret::Not>(preparation, element);
    case Abs:
      return unary<interpret::Abs>(preparation, element);
    case Floor:
      return unary<interpret::Floor>(preparation, element);
    case Ceil:
      return unary<interpret::Ceil>(preparation, element);
    case Round:
      return unary<interpret::Round>(preparation, element);
    case Sqrt:
      return unary<interpret::Sqrt>(preparation, element);
    case Add:
      return binary<interpret::Add>(preparation, element);
    case Sub:
      return binary<interpret::Sub>(preparation, element);
    case Mul:
      return binary<interpret::Mul>(preparation, element);
    case Div:
      return binary<interpret::Div>(preparation, element);
    case Rem:
      return binary<interpret::Rem>(preparation, element);
    case Min:
      return binary<interpret::Min>(preparation, element);
    case Max:
      return binary<interpret::Max>(preparation, element);
    case MinNumber:
      return binary<interpret::MinNumber>(preparation, element);
    case MaxNumber:
      return binary<interpret::MaxNumber>(preparation, element);
    case And:
      return binary<interpret::And>(preparation, element);
    case Or:
      return binary<interpret::Or>(preparation, element);
    case Xor:
      return binary<interpret::Xor>(preparation, element);
    case Shl:
      return binary<interpret::Shl>(preparation, element);
    case Shr:
      return binary<interpret::Shr>(preparation, element);
    case MulHigh:
      return binary<interpret::MulHigh>(preparation, element);
    case Fma:
      return ternary<interpret::Fma>(preparation, element);
    case Constant:
    case Iota:
    case ProgramId:
    case Dim:
    case Cast:
    case Bitcast:
    case Compare:
    case Select:
    case Broadcast:
    case Reshape:
    case Permute:
    case Slice:
    case Concat:
    case Reduce:
    case Scan:
    case Dot:
    case Load:
    case Store:
    case Call:
    case For:
    case While:
    case If:
    case Yield:
    case Assume:
    case Assert:
    case Print:
      break;
  }
  TILE_UNREACHABLE("not an arithmetic op");
}

}  // namespace

void prepare_elementwise(Preparation& preparation, Step& step) {
  step.run = loop_of(preparation, *step.op);
  TILE_CHECK(step.run != nullptr, "op undefined for this element type");
}

}  // namespace tile::interpret
