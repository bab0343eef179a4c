// Windows of tokens: where they begin, what follows what.
#include "examples/llama/data/windows.h"

#include <doctest/doctest.h>

#include <numeric>

#include "runtime/device/error.h"

using namespace llama;

TEST_CASE("data: windows and targets") {
  std::vector<std::int32_t> tokens(11);
  std::iota(tokens.begin(), tokens.end(), 0);
  auto batches = consecutive_batches(tokens, 2, 3);  // windows at 0, 3, 6
  REQUIRE(batches.size() == 2);
  CHECK(batches[0].inputs.to_vector<std::int32_t>() == std::vector<std::int32_t>{0, 1, 2, 3, 4, 5});
  CHECK(batches[1].targets.to_vector<std::int32_t>() == std::vector<std::int32_t>{7, 8, 9});
  pg::Generator generator(3);
  for (int i = 0; i < 50; ++i) {
    Batch batch = random_batch(tokens, 1, 10, generator);
    CHECK(batch.inputs.to_vector<std::int32_t>()[0] == 0);  // the only place that fits
  }
  CHECK_THROWS_WITH_AS(random_batch(tokens, 1, 11, generator),
                       doctest::Contains("11 tokens, a window of --seq 11 needs at least 12"),
                       pg::Error);
}
