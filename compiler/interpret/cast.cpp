// Conversions between element types, comparisons and selection: the ops whose result has another
// element type than (some of) their operands.
#include <cstring>

#include "compiler/interpret/numbers.h"
#include "compiler/interpret/prepare.h"

namespace tile::interpret {

namespace {

template <class To, class From>
void run_cast(Machine&, const Step& step) {
  const From* __restrict value = read<From>(step.operand[0]);
  To* __restrict result = write<To>(step.result);
  for (std::int64_t i = 0; i < step.count; ++i) result[i] = convert<To>(value[i]);
}

template <int Bytes>
void run_bitcast(Machine&, const Step& step) {
  std::memcpy(step.result, step.operand[0], static_cast<std::size_t>(step.count) * Bytes);
}

void run_unreal_bitcast(Machine& machine, const Step& step) {
  fail(machine, InterpretError::Kind::NotReal, step.op->span,
       "bitcast of f32 has no real meaning; only functions declared `real` may use one");
}

template <ir::Predicate P, class T>
void run_compare(Machine&, const Step& step) {
  const T* __restrict a = read<T>(step.operand[0]);
  const T* __restrict b = read<T>(step.operand[1]);
  bool* __restrict result = write<bool>(step.result);
  for (std::int64_t i = 0; i < step.count; ++i) result[i] = Compare<P>::apply(a[i], b[i]);
}

/// Moves bits only, so one loop per size serves all types.
template <class Bits>
void run_select(Machine&, const Step& step) {
  const bool* __restrict condition = read<bool>(step.operand[0]);
  const Bits* __restrict if_true = read<Bits>(step.operand[1]);
  const Bits* __restrict if_false = read<Bits>(step.operand[2]);
  Bits* __restrict result = write<Bits>(step.result);
  for (std::int64_t i = 0; i < step.count; ++i) {
    result[i] = condition[i] ? if_true[i] : if_false[i];
  }
}

template <ir::Predicate P>
StepFunction compare(const Preparation& preparation, ir::ElementType element) {
  return with_type(element, preparation.real,
                   []<class T>(Tag<T>) -> StepFunction { return run_compare<P, T>; });
}

StepFunction compare(const Preparation& preparation, ir::Predicate predicate,
                     ir::ElementType element) {
  using enum ir::Predicate;
  switch (predicate) {
    case Eq:
      return compare<Eq>(preparation, element);
    case Ne:
      return compare<Ne>(preparation, element);
    case Lt:
      return compare<Lt>(preparation, element);
    case Le:
      return compare<Le>(preparation, element);
    case Gt:
      return compare<Gt>(preparation, element);
    case Ge:
      return compare<Ge>(preparation, element);
  }
  TILE_UNREACHABLE("no such predicate");
}

StepFunction bitcast_of(std::size_t bytes) {
  if (bytes == 1) return run_bitcast<1>;
  if (bytes == 4) return run_bitcast<4>;
  return run_bitcast<8>;
}

}  // namespace

void prepare_cast(Preparation& preparation, Step& step) {
  const ir::ElementType from = preparation.type(step.op->operands[0]).element;
  const ir::ElementType to = preparation.type(step.op->results[0]).element;
  const bool real = preparation.real;
  if (step.op->code == ir::OpCode::Bitcast) {
    const bool unreal = real && (ir::is_float(from) || ir::is_float(to));
    step.run = unreal ? run_unreal_bitcast : bitcast_of(element_bytes(to, real));
    return;
  }
  step.run = with_type(to, real, [&]<class To>(Tag<To>) {
    return with_type(from, real,
                     []<class From>(Tag<From>) -> StepFunction { return run_cast<To, From>; });
  });
}

void prepare_compare(Preparation& preparation, Step& step) {
  const ir::Op& op = *step.op;
  if (op.code == ir::OpCode::Compare) {
    const auto predicate = std::get<ir::CompareAttrs>(op.attributes).predicate;
    step.run = compare(preparation, predicate, preparation.type(op.operands[0]).element);
    return;
  }
  const std::size_t bytes = preparation.element_bytes(op.results[0]);
  step.run = bytes == 1   ? run_select<std::uint8_t>
             : bytes == 4 ? run_select<std::uint32_t>
                          : run_select<std::uint64_t>;
}

}  // namespace tile::interpret
