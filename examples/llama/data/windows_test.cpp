// Windows of tokens: where they begin, what follows what.
#include "examples/llama/data/windows.h"

#include <doctest/doctest.h>

#include <numeric>
#include <vector>

#include "runtime/device/error.h"

using namespace llama;

TEST_CASE("windows: consecutive ones and their targets") {
  std::vector<std::int32_t> tokens(11);
  std::iota(tokens.begin(), tokens.end(), 0);
  std::vector<std::vector<std::int32_t>> inputs, targets;
  for_each_batch(tokens, 2, 3, pg::cpu_device, [&](const Batch& batch) {  // windows at 0, 3, 6
    inputs.push_back(batch.inputs.to_vector<std::int32_t>());
    targets.push_back(batch.targets.to_vector<std::int32_t>());
  });
  CHECK(inputs == std::vector<std::vector<std::int32_t>>{{0, 1, 2, 3, 4, 5}, {6, 7, 8}});
  CHECK(targets == std::vector<std::vector<std::int32_t>>{{1, 2, 3, 4, 5, 6}, {7, 8, 9}});
  CHECK_THROWS_WITH_AS(for_each_batch(tokens, 2, 11, pg::cpu_device, [](const Batch&) {}),
                       "evaluation data: 11 tokens, a window of --seq 11 needs at least 12",
                       pg::Error);
}

TEST_CASE("windows: the split cuts off the last tenth") {
  std::vector<std::int32_t> tokens(1115394);
  std::iota(tokens.begin(), tokens.end(), 0);
  Split split = split_tokens(tokens);
  CHECK(split.training.size() == 1003854);
  CHECK(split.validation.size() == 111540);
  std::vector<std::int32_t> first(2);
  split.validation.read(0, first);
  CHECK(first == std::vector<std::int32_t>{1003854, 1003855});
  CHECK_THROWS_AS(split.validation.read(111539, first), pg::Error);
}
