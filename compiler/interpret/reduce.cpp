// Built-in reductions. All run over 256 lanes: lane l combines elements l, l + 256, ... in
// ascending order, then a halving tree combines the lanes; missing elements take no part. NUMERICS
// fixes this order for sum (and prod); the others do not depend on it and share the loop because it
// vectorises.
#include <algorithm>

#include "compiler/interpret/numbers.h"
#include "compiler/interpret/prepare.h"

namespace tile::interpret {

namespace {

constexpr std::int64_t lane_count = 256;

/// The operand seen as [outer, length, inner], the middle one being reduced.
struct ReducePlan {
  std::int64_t outer = 1;
  std::int64_t length = 1;
  std::int64_t inner = 1;
};

template <class Operation, class T>
void combine_rows(T* __restrict into, const T* __restrict from, std::int64_t count) {
  for (std::int64_t i = 0; i < count; ++i) into[i] = Operation::apply(into[i], from[i]);
}

/// Combines `length` rows of `inner` elements into result; `lanes` holds min(length, 256) rows.
template <class Operation, class T>
void reduce_rows(const T* values, std::int64_t length, std::int64_t inner, T* lanes, T* result) {
  const std::int64_t present = std::min(length, lane_count);
  std::copy_n(values, present * inner, lanes);
  for (std::int64_t first = lane_count; first < length; first += lane_count) {
    const std::int64_t rows = std::min(lane_count, length - first);
    combine_rows<Operation>(lanes, values + first * inner, rows * inner);
  }
  std::int64_t rows = present;
  for (std::int64_t half = lane_count / 2; half > 0; half /= 2) {
    if (rows <= half) continue;
    combine_rows<Operation>(lanes, lanes + half * inner, (rows - half) * inner);
    rows = half;
  }
  std::copy_n(lanes, inner, result);
}

template <class Operation, class T, bool AddsZero>
void run_reduce(Machine& machine, const Step& step) {
  const auto& plan = *static_cast<const ReducePlan*>(step.detail);
  const auto lane_bytes =
      std::min(plan.length, lane_count) * plan.inner * static_cast<std::int64_t>(sizeof(T));
  T* lanes = write<T>(scratch_bytes(machine, static_cast<std::size_t>(lane_bytes)));
  const T* values = read<T>(step.operand[0]);
  T* result = write<T>(step.result);
  for (std::int64_t o = 0; o < plan.outer; ++o) {
    reduce_rows<Operation>(values + o * plan.length * plan.inner, plan.length, plan.inner, lanes,
                           result + o * plan.inner);
  }
  if constexpr (AddsZero && Float<T>) {
    for (std::int64_t i = 0; i < step.count; ++i) result[i] += T{0};
  }
}

/// The first of the extreme elements; -0 equals +0; the first NaN beats all.
template <class T, bool Largest>
bool beats(T value, T best) {
  if constexpr (Float<T>) {
    if (is_nan(best)) return false;
    if (is_nan(value)) return true;
  }
  return Largest ? value > best : value < best;
}

template <class T, bool Largest>
void run_arg(Machine&, const Step& step) {
  const auto& plan = *static_cast<const ReducePlan*>(step.detail);
  std::int64_t* result = write<std::int64_t>(step.result);
  for (std::int64_t o = 0; o < plan.outer; ++o) {
    const T* values = read<T>(step.operand[0]) + o * plan.length * plan.inner;
    for (std::int64_t i = 0; i < plan.inner; ++i) {
      std::int64_t best = 0;
      for (std::int64_t k = 1; k < plan.length; ++k) {
        if (beats<T, Largest>(values[k * plan.inner + i], values[best * plan.inner + i])) best = k;
      }
      result[o * plan.inner + i] = best;
    }
  }
}

template <class Operation, bool AddsZero = false>
StepFunction reduce(const Preparation& preparation, ir::ElementType element) {
  return with_type(element, preparation.real, []<class T>(Tag<T>) -> StepFunction {
    if constexpr (requires(T a) { Operation::apply(a, a); }) {
      return run_reduce<Operation, T, AddsZero>;
    } else {
      return nullptr;
    }
  });
}

template <bool Largest>
StepFunction arg(const Preparation& preparation, ir::ElementType element) {
  return with_type(element, preparation.real,
                   []<class T>(Tag<T>) -> StepFunction { return run_arg<T, Largest>; });
}

StepFunction loop_of(const Preparation& preparation, ir::ReduceKind kind, ir::ElementType element) {
  using enum ir::ReduceKind;
  switch (kind) {
    case Sum:
      return reduce<Add, true>(preparation, element);
    case Prod:
      return reduce<Mul>(preparation, element);
    case Max:
      return reduce<interpret::Max>(preparation, element);
    case Min:
      return reduce<interpret::Min>(preparation, element);
    case Any:
      return reduce<Or>(preparation, element);
    case All:
      return reduce<And>(preparation, element);
    case Xor:
      return reduce<interpret::Xor>(preparation, element);
    case ArgMax:
      return arg<true>(preparation, element);
    case ArgMin:
      return arg<false>(preparation, element);
    case Custom:
      break;
  }
  TILE_UNREACHABLE("custom reductions have a region");
}

}  // namespace

void prepare_reduce(Preparation& preparation, Step& step) {
  const auto& attributes = std::get<ir::ReduceAttrs>(step.op->attributes);
  if (attributes.kind == ir::ReduceKind::Custom) return prepare_custom(preparation, step);
  const ir::Type& type = preparation.type(step.op->operands[0]);
  step.run = loop_of(preparation, attributes.kind, type.element);
  TILE_CHECK(step.run != nullptr, "reduction undefined for this element type");
  const auto axis = static_cast<std::size_t>(attributes.axis);
  ReducePlan plan{1, type.shape[axis], 1};
  for (std::size_t d = 0; d < axis; ++d) plan.outer *= type.shape[d];
  for (std::size_t d = axis + 1; d < type.shape.size(); ++d) plan.inner *= type.shape[d];
  step.detail = preparation.keep(plan);
}

}  // namespace tile::interpret
