// See bit_space.h. Rows are kept in echelon form by their highest bits.
#include "compiler/schedule/gpu/bit_space.h"

#include <algorithm>
#include <bit>

namespace tile::schedule {

namespace {

bool shares_highest(std::int64_t row, std::int64_t vector) {
  return (vector & static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(row)))) != 0;
}

}  // namespace

bool BitSpace::add(std::int64_t vector) {
  Row row{vector, std::int64_t{1} << rows_.size()};
  for (const Row& known : rows_) {
    if (!shares_highest(known.vector, row.vector)) continue;
    row.vector ^= known.vector;
    row.made_of ^= known.made_of;
  }
  if (row.vector == 0) return false;
  // Highest first, so that one pass reduces a vector.
  const auto at =
      std::ranges::find_if(rows_, [&](const Row& known) { return known.vector < row.vector; });
  rows_.insert(at, row);
  return true;
}

std::optional<std::int64_t> BitSpace::solve(std::int64_t vector) const {
  std::int64_t made_of = 0;
  for (const Row& row : rows_) {
    if (!shares_highest(row.vector, vector)) continue;
    vector ^= row.vector;
    made_of ^= row.made_of;
  }
  return vector == 0 ? std::optional(made_of) : std::nullopt;
}

}  // namespace tile::schedule
