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

struct Row {
  ir::OpCode code;
  StepFunction (*loop)(const Preparation& preparation, ir::ElementType element);
};

constexpr Row rows[] = {
    {ir::OpCode::Neg, unary<Neg>},
    {ir::OpCode::Not, unary<Not>},
    {ir::OpCode::Abs, unary<Abs>},
    {ir::OpCode::Floor, unary<Floor>},
    {ir::OpCode::Ceil, unary<Ceil>},
    {ir::OpCode::Round, unary<Round>},
    {ir::OpCode::Sqrt, unary<Sqrt>},
    {ir::OpCode::Add, binary<Add>},
    {ir::OpCode::Sub, binary<Sub>},
    {ir::OpCode::Mul, binary<Mul>},
    {ir::OpCode::Div, binary<Div>},
    {ir::OpCode::Rem, binary<Rem>},
    {ir::OpCode::Min, binary<Min>},
    {ir::OpCode::Max, binary<Max>},
    {ir::OpCode::MinNumber, binary<MinNumber>},
    {ir::OpCode::MaxNumber, binary<MaxNumber>},
    {ir::OpCode::And, binary<And>},
    {ir::OpCode::Or, binary<Or>},
    {ir::OpCode::Xor, binary<Xor>},
    {ir::OpCode::Shl, binary<Shl>},
    {ir::OpCode::Shr, binary<Shr>},
    {ir::OpCode::MulHigh, binary<MulHigh>},
    {ir::OpCode::Fma, ternary<Fma>},
};

}  // namespace

void prepare_elementwise(Preparation& preparation, Step& step) {
  for (const Row& row : rows) {
    if (row.code != step.op->code) continue;
    step.run = row.loop(preparation, preparation.type(step.op->operands[0]).element);
  }
  TILE_CHECK(step.run != nullptr, "op undefined for this element type");
}

}  // namespace tile::interpret
