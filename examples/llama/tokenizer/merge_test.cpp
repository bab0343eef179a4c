// Merging through the heap against the loop that defines it.
#include "examples/llama/tokenizer/merge.h"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <random>
#include <utility>

using namespace llama;

namespace {

struct Merge {
  std::int32_t rank, result;
};
using Merges = std::map<std::pair<std::int32_t, std::int32_t>, Merge>;

// Looks for the best pair from left to right, joins it, and starts again.
std::vector<std::int32_t> merged_one_by_one(const Merges& merges, std::vector<std::int32_t> ids) {
  while (true) {
    const Merge* best = nullptr;
    std::size_t place = 0;
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      auto found = merges.find({ids[i], ids[i + 1]});
      if (found != merges.end() && (!best || found->second.rank < best->rank)) {
        best = &found->second;
        place = i;
      }
    }
    if (!best) return ids;
    ids[place] = best->result;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  }
}

}  // namespace

TEST_CASE("merge: the same as pair by pair, with equal ranks and overlapping pairs") {
  std::mt19937 random(1);
  auto below = [&](int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); };
  for (int round = 0; round < 300; ++round) {
    Merges merges;
    MergeTable table;
    const int letters = 2 + below(3);
    for (int i = 0; i < 12; ++i) {
      const std::int32_t left = below(letters + i);
      const std::int32_t right = below(letters + i);
      const Merge merge{below(6), letters + i};
      CHECK(merges.try_emplace({left, right}, merge).second ==
            table.add(left, right, merge.rank, merge.result));
    }
    std::vector<std::int32_t> ids;
    for (std::int32_t i = below(60); i > 0; --i) ids.push_back(below(letters));
    std::vector<std::int32_t> joined = ids;
    table.apply(joined);
    CHECK(joined == merged_one_by_one(merges, ids));
  }
}

TEST_CASE("merge: a million symbols take no longer than n log n") {
  MergeTable table;
  for (std::int32_t i = 0; i < 10; ++i) table.add(i, i, i, i + 1);  // 1024 zeros become one 10
  std::vector<std::int32_t> ids(std::size_t{1} << 20, 0);
  const auto start = std::chrono::steady_clock::now();
  table.apply(ids);
  CHECK(ids == std::vector<std::int32_t>(1 << 10, 10));
  // The loop above would take hours.
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(30));
}
