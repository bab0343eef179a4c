// The order of training: permutations of every size, epochs, resuming.
#include "examples/llama/data/data_source.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

#include "runtime/device/error.h"

using namespace llama;

namespace {

// Token i has id i, so a window tells where it begins.
Tokens counted(std::int64_t size) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(size));
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

// Where the next `count` windows begin, after checking what they hold.
std::vector<std::int32_t> next_starts(DataSource& source, std::int64_t count, std::int64_t seq) {
  std::vector<std::int32_t> starts;
  while (std::ssize(starts) < count) {
    Batch batch = source.next_batch(pg::cpu_device);
    auto inputs = batch.inputs.to_vector<std::int32_t>();
    auto targets = batch.targets.to_vector<std::int32_t>();
    for (std::size_t i = 0; i < inputs.size(); ++i) REQUIRE(targets[i] == inputs[i] + 1);
    for (std::size_t i = 0; i < inputs.size(); i += static_cast<std::size_t>(seq)) {
      starts.push_back(inputs[i]);
    }
  }
  return starts;
}

}  // namespace

TEST_CASE("shuffle: a permutation for every size, another one for every seed and epoch") {
  for (std::uint64_t size = 1; size < 300; ++size) {
    std::set<std::uint64_t> seen;
    for (std::uint64_t i = 0; i < size; ++i) seen.insert(shuffled(i, size, 5, 7));
    REQUIRE(seen.size() == size);
    REQUIRE(*seen.rbegin() == size - 1);
  }
  auto order = [](std::uint64_t seed, std::uint64_t epoch) {
    std::vector<std::uint64_t> result;
    for (std::uint64_t i = 0; i < 100; ++i) result.push_back(shuffled(i, 100, seed, epoch));
    return result;
  };
  CHECK(order(1, 0) == order(1, 0));
  CHECK(order(1, 0) != order(2, 0));
  CHECK(order(1, 0) != order(1, 1));
  CHECK(shuffled(std::uint64_t{1} << 40, (std::uint64_t{1} << 40) + 1, 3, 0) <= std::uint64_t{1}
                                                                                    << 40);
}

TEST_CASE("shuffle: places are uniform and do not depend on their neighbours") {
  // Chi-square of (place of 0, difference to the place of 1) over many seeds, 9 + 9 cells of ten.
  constexpr int size = 10, draws = 10000;
  std::vector<int> places(size), gaps(size);
  for (std::uint64_t seed = 0; seed < draws; ++seed) {
    auto a = static_cast<int>(shuffled(0, size, seed, 0));
    auto b = static_cast<int>(shuffled(1, size, seed, 0));
    ++places[static_cast<std::size_t>(a)];
    ++gaps[static_cast<std::size_t>((b - a + size) % size)];
  }
  auto chi_square = [](std::span<const int> counts, double expected) {
    double sum = 0;
    for (int count : counts) sum += (count - expected) * (count - expected) / expected;
    return sum;
  };
  CHECK(gaps[0] == 0);
  CHECK(chi_square(places, draws / 10.0) < 27.9);                     // 9 degrees, p = 0.001
  CHECK(chi_square(std::span(gaps).subspan(1), draws / 9.0) < 26.1);  // 8 degrees, p = 0.001
}

TEST_CASE("epochs: every window once, cut elsewhere in each epoch") {
  constexpr std::int64_t seq = 7;
  DataSource source(counted(7 * 40 + 3), {.batch = 3, .seq = seq, .seed = 11});
  REQUIRE(source.windows_per_epoch() == 39);
  std::set<std::int32_t> offsets;
  for (int epoch = 0; epoch < 8; ++epoch) {
    std::vector<std::int32_t> starts = next_starts(source, 39, seq);  // 13 batches
    CHECK(!std::ranges::is_sorted(starts));
    std::ranges::sort(starts);
    offsets.insert(starts[0]);
    CHECK(starts[0] < seq);
    for (std::size_t i = 1; i < starts.size(); ++i) REQUIRE(starts[i] == starts[i - 1] + seq);
    CHECK(source.position() == DataPosition{11, epoch, 39});
  }
  CHECK(offsets.size() > 2);
}

TEST_CASE("epochs: a text of one window, and of one token too few") {
  DataSource source(counted(8), {.batch = 2, .seq = 7});
  CHECK(source.windows_per_epoch() == 1);
  CHECK(next_starts(source, 4, 7) == std::vector<std::int32_t>{0, 0, 0, 0});
  CHECK(source.position().epoch == 3);
  CHECK_THROWS_WITH_AS(DataSource(counted(7), {.seq = 7}),
                       "training data: 7 tokens, a window of --seq 7 needs at least 8", pg::Error);
}

TEST_CASE("a restored position goes on with the same batches, in either order") {
  for (DataOrder order : {DataOrder::Epochs, DataOrder::Random}) {
    DataSourceOptions options{.batch = 4, .seq = 5, .order = order, .seed = 3};
    DataSource source(counted(101), options);
    next_starts(source, 12, 5);
    const DataPosition position = source.position();
    const auto expected = next_starts(source, 32, 5);  // runs over the end of an epoch
    options.seed = 4;
    DataSource resumed(counted(101), options);
    resumed.restore(position);
    CHECK(next_starts(resumed, 32, 5) == expected);
    CHECK(resumed.position() == source.position());
    CHECK_THROWS_AS(resumed.restore({3, -1, 0}), pg::Error);
  }
  DataSource source(counted(101), {.batch = 4, .seq = 5});
  CHECK_THROWS_WITH_AS(source.restore({0, 2, 20}),
                       "training data: epoch 2, window 20 is not a position in 19 windows",
                       pg::Error);
}
