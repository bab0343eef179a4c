// Built-in running combinations. NUMERICS: ascending inside each block of 256, and every block is
// then combined with the chained totals of the blocks before it. `reverse` walks the axis from its
// end.
#include <algorithm>

#include "compiler/interpret/numbers.h"
#include "compiler/interpret/prepare.h"

namespace tile::interpret {

namespace {

constexpr std::int64_t block_length = 256;

struct ScanPlan {
  std::int64_t outer = 1;
  std::int64_t length = 1;
  std::int64_t inner = 1;
  bool reverse = false;
};

/// One [length, inner] matrix; `running` and `total` hold a row each.
template <class Operation, class T>
void scan_rows(const ScanPlan& plan, const T* values, T* result, T* running, T* total) {
  for (std::int64_t t = 0; t < plan.length; ++t) {
    const std::int64_t row = (plan.reverse ? plan.length - 1 - t : t) * plan.inner;
    const bool first_block = t < block_length;
    if (t % block_length == 0) {
      if (t > 0)
        std::copy_n(result + row + (plan.reverse ? plan.inner : -plan.inner), plan.inner, total);
      std::copy_n(values + row, plan.inner, running);
    } else {
      for (std::int64_t i = 0; i < plan.inner; ++i) {
        running[i] = Operation::apply(running[i], values[row + i]);
      }
    }
    for (std::int64_t i = 0; i < plan.inner; ++i) {
      result[row + i] = first_block ? running[i] : Operation::apply(total[i], running[i]);
    }
  }
}

template <class Operation, class T>
void run_scan(Machine& machine, const Step& step) {
  const auto& plan = *static_cast<const ScanPlan*>(step.detail);
  const auto row_bytes = static_cast<std::size_t>(plan.inner) * sizeof(T);
  T* running = write<T>(scratch_bytes(machine, 2 * row_bytes));
  const std::int64_t matrix = plan.length * plan.inner;
  for (std::int64_t o = 0; o < plan.outer; ++o) {
    scan_rows<Operation>(plan, read<T>(step.operand[0]) + o * matrix,
                         write<T>(step.result) + o * matrix, running, running + plan.inner);
  }
}

template <class Operation>
StepFunction scan(const Preparation& preparation, ir::ElementType element) {
  return with_type(element, preparation.real, []<class T>(Tag<T>) -> StepFunction {
    if constexpr (requires(T a) { Operation::apply(a, a); }) {
      return run_scan<Operation, T>;
    } else {
      return nullptr;
    }
  });
}

StepFunction loop_of(const Preparation& preparation, ir::ReduceKind kind, ir::ElementType element) {
  using enum ir::ReduceKind;
  switch (kind) {
    case Sum:
      return scan<Add>(preparation, element);
    case Prod:
      return scan<Mul>(preparation, element);
    case Max:
      return scan<interpret::Max>(preparation, element);
    case Min:
      return scan<interpret::Min>(preparation, element);
    case Any:
      return scan<Or>(preparation, element);
    case All:
      return scan<And>(preparation, element);
    case Xor:
      return scan<interpret::Xor>(preparation, element);
    case ArgMax:
    case ArgMin:
    case Custom:
      break;
  }
  return nullptr;
}

}  // namespace

void prepare_scan(Preparation& preparation, Step& step) {
  const auto& attributes = std::get<ir::ScanAttrs>(step.op->attributes);
  if (attributes.kind == ir::ReduceKind::Custom) return prepare_custom(preparation, step);
  const ir::Type& type = preparation.type(step.op->operands[0]);
  step.run = loop_of(preparation, attributes.kind, type.element);
  TILE_CHECK(step.run != nullptr, "scan undefined for this kind and element type");
  const auto axis = static_cast<std::size_t>(attributes.axis);
  ScanPlan plan{1, type.shape[axis], 1, attributes.reverse};
  for (std::size_t d = 0; d < axis; ++d) plan.outer *= type.shape[d];
  for (std::size_t d = axis + 1; d < type.shape.size(); ++d) plan.inner *= type.shape[d];
  step.detail = preparation.keep(plan);
}

}  // namespace tile::interpret
