// See access.h.
#include "compiler/schedule/gpu/access.h"

#include <algorithm>
#include <bit>

namespace tile::schedule {

namespace {

using ir::AccessDim;
using Limit = Access::Limit;

constexpr int vector_bytes = 16;

int tile_dim_of(const ir::AccessAttrs& access, int dim) {
  int tile_dim = 0;
  for (int d = 0; d < dim; ++d) {
    if (access.dims[static_cast<std::size_t>(d)].kind != AccessDim::Kind::Point) ++tile_dim;
  }
  return tile_dim;
}

}  // namespace

Access plan_access(const ir::Function& function, ir::OpId id, const Layout& layout,
                   const StrideClass& strides, passes::IndexFacts& facts) {
  const ir::Op& op = function.ops[id];
  const auto& dims = std::get<ir::AccessAttrs>(op.attributes).dims;
  Access access;
  const auto stop = [&](Limit limit) {
    access.limit = limit;
    return access;
  };
  if (strides.unit_dim < 0) return stop(Limit::NoUnitDim);
  const auto unit = static_cast<std::size_t>(strides.unit_dim);
  if (dims[unit].kind != AccessDim::Kind::Range) return stop(Limit::NotARange);
  access.unit_dim = tile_dim_of(std::get<ir::AccessAttrs>(op.attributes), strides.unit_dim);
  if (!strides.aligned) return stop(Limit::Unaligned);
  if (!is_separable(layout, access.unit_dim)) return stop(Limit::Registers);
  const passes::Form start = facts.form(op.operands[2 + unit]);
  if (!start.is_valid()) return stop(Limit::Start);
  const std::int64_t most = vector_bytes / ir::byte_size(function.type(op.operands[0]).element);
  std::int64_t length = most;
  const auto divides = [&](std::int64_t value) { return value % length == 0; };
  while (length > 1 && !divides(dims[unit].extent)) length /= 2;
  if (length < most) access.limit = Limit::Extent;
  const auto starts_at_vectors = [&] {
    return std::ranges::all_of(start.terms(),
                               [&](const passes::Term& term) { return divides(term.factor); });
  };
  while (length > 1 && !starts_at_vectors()) {
    length /= 2;
    access.limit = Limit::Start;
  }
  access.vector_bits = vector_bits(layout, access.unit_dim, length);
  if (std::int64_t{1} << access.vector_bits.size() < length) access.limit = Limit::Registers;
  return access;
}

std::int64_t run_length(const Access& access, const Layout& layout) {
  if (access.unit_dim < 0) return 1;
  std::uint64_t covered = 0;
  for (const auto* bases : {&layout.registers, &layout.lanes}) {
    for (const std::int64_t basis : *bases) {
      covered |= static_cast<std::uint64_t>(layout.coordinate(basis, access.unit_dim));
    }
  }
  return std::int64_t{1} << std::countr_one(covered);
}

}  // namespace tile::schedule
