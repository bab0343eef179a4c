// When the content of each buffer matters. Steps are numbered in the order they are written; step s
// reads at time 2s and writes at 2s + 1, so a nest may read an element of one buffer and write the
// same element of another in the same memory. A value used inside a loop but defined outside lives
// until the loop ends.
#pragma once

#include <utility>
#include <vector>

#include "compiler/schedule/planner.h"

namespace tile::schedule {

/// A set of closed intervals of time.
struct Life {
  std::vector<std::pair<int, int>> intervals;

  void add(int from, int to) { intervals.emplace_back(from, to); }
  /// Both contents matter at some time.
  bool overlaps(const Life& other) const;
  /// Both are in use during some step, even if one ends as the other begins.
  bool touches(const Life& other) const;
};

/// Of every buffer; a buffer in another's memory counts as that one.
EntityVector<BufferId, Life> buffer_lives(const ir::Function& function, const Plan& plan,
                                          const EntityVector<ir::ValueId, std::vector<Use>>& uses);

}  // namespace tile::schedule
