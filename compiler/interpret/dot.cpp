// dot: one chain of fused multiply-adds per output, k ascending. The loop over columns is
// innermost, so the chains of a row advance side by side and vectorise; four steps of k share one
// pass over the row.
#include <algorithm>
#include <cstring>

#include "compiler/interpret/numbers.h"
#include "compiler/interpret/prepare.h"

namespace tile::interpret {

namespace {

struct DotPlan {
  std::int64_t batch = 1;
  std::int64_t rows = 1;
  std::int64_t columns = 1;
  std::int64_t depth = 1;
  bool rounds_operands = false;  // tf32
};

template <class T>
void advance_row(const T* a, const T* __restrict b, std::int64_t columns, T* __restrict row) {
  const T* b1 = b + columns;
  const T* b2 = b1 + columns;
  const T* b3 = b2 + columns;
  for (std::int64_t j = 0; j < columns; ++j) {
    T value = Fma::apply(a[0], b[j], row[j]);
    value = Fma::apply(a[1], b1[j], value);
    value = Fma::apply(a[2], b2[j], value);
    row[j] = Fma::apply(a[3], b3[j], value);
  }
}

template <class T>
void multiply(const DotPlan& plan, const T* a, const T* b, T* result) {
  for (std::int64_t i = 0; i < plan.rows; ++i) {
    T* __restrict row = result + i * plan.columns;
    const T* a_row = a + i * plan.depth;
    std::int64_t k = 0;
    for (; k + 4 <= plan.depth; k += 4) {
      advance_row(a_row + k, b + k * plan.columns, plan.columns, row);
    }
    for (; k < plan.depth; ++k) {
      const T* __restrict b_row = b + k * plan.columns;
      const T scale = a_row[k];
      for (std::int64_t j = 0; j < plan.columns; ++j) row[j] = Fma::apply(scale, b_row[j], row[j]);
    }
    if constexpr (Float<T>) {
      for (std::int64_t j = 0; j < plan.columns; ++j) row[j] += T{0};
    }
  }
}

template <class T>
const T* rounded(const T* values, std::int64_t count, T* to) {
  if constexpr (Float<T>) {
    for (std::int64_t i = 0; i < count; ++i) to[i] = round_to_tf32(values[i]);
  }
  return to;
}

template <class T>
void run_dot(Machine& machine, const Step& step) {
  const auto& plan = *static_cast<const DotPlan*>(step.detail);
  const std::int64_t a_size = plan.rows * plan.depth;
  const std::int64_t b_size = plan.depth * plan.columns;
  const T* a = read<T>(step.operand[ir::op::Dot::lhs]);
  const T* b = read<T>(step.operand[ir::op::Dot::rhs]);
  T* result = write<T>(step.result);
  std::memcpy(result, step.operand[ir::op::Dot::acc],
              static_cast<std::size_t>(step.count) * sizeof(T));
  if (plan.rounds_operands) {
    const auto count = static_cast<std::size_t>(plan.batch * (a_size + b_size));
    T* space = write<T>(scratch_bytes(machine, count * sizeof(T)));
    a = rounded(a, plan.batch * a_size, space);
    b = rounded(b, plan.batch * b_size, space + plan.batch * a_size);
  }
  for (std::int64_t n = 0; n < plan.batch; ++n) {
    multiply(plan, a + n * a_size, b + n * b_size, result + n * plan.rows * plan.columns);
  }
}

}  // namespace

void prepare_dot(Preparation& preparation, Step& step) {
  const ir::Op& op = *step.op;
  const ir::Type& lhs = preparation.type(op.operands[ir::op::Dot::lhs]);
  const ir::Type& rhs = preparation.type(op.operands[ir::op::Dot::rhs]);
  const ir::Type& acc = preparation.type(op.operands[ir::op::Dot::acc]);
  TILE_CHECK(lhs.element == acc.element && rhs.element == acc.element, "dot of mixed elements");
  DotPlan plan;
  const std::size_t rank = acc.shape.size();
  for (std::size_t d = 0; d + 2 < rank; ++d) plan.batch *= acc.shape[d];
  plan.rows = acc.shape[rank - 2];
  plan.columns = acc.shape[rank - 1];
  plan.depth = lhs.shape[rank - 1];
  const auto precision = std::get<ir::DotAttrs>(op.attributes).precision;
  plan.rounds_operands = precision == ir::Precision::Tf32 && ir::is_float(acc.element);
  step.detail = preparation.keep(plan);
  step.run = with_type(acc.element, preparation.real, []<class T>(Tag<T>) -> StepFunction {
    if constexpr (Number<T>) {
      return run_dot<T>;
    } else {
      return nullptr;
    }
  });
  TILE_CHECK(step.run != nullptr, "dot of bool");
}

}  // namespace tile::interpret
