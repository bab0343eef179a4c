// Linear algebra over bits: vectors are integers, addition is xor. Layouts are linear maps in this
// sense, so which element lies where is a matter of bases.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace tile::schedule {

/// The span of some vectors, in the order in which they were added.
class BitSpace {
 public:
  /// False when the vector was in the span before (then it is not added).
  bool add(std::int64_t vector);
  bool contains(std::int64_t vector) const { return solve(vector).has_value(); }
  int size() const { return static_cast<int>(rows_.size()); }
  /// Which added vectors (bit i: the i-th) sum up to this one; nothing outside of the span.
  std::optional<std::int64_t> solve(std::int64_t vector) const;

 private:
  struct Row {
    std::int64_t vector = 0;  // its highest bit is in no other row above it
    std::int64_t made_of = 0;
  };
  std::vector<Row> rows_;
};

}  // namespace tile::schedule
