// The driver's host parts: sampling, the loss curve.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "examples/llama/sampler.h"

using namespace llama;

TEST_CASE("sampler: temperature 0 takes the lowest id among the largest") {
  Sampler sampler({.temperature = 0});
  CHECK(sampler.sample(std::vector<float>{1, 3, 3, 2}) == 1);
}

TEST_CASE("sampler: frequencies follow softmax, cuts hold, seeds repeat") {
  std::vector<float> logits = {0.0f, std::log(2.0f), std::log(5.0f)};
  auto histogram = [&](SamplerOptions options) {
    Sampler sampler(options);
    std::map<int, int> counts;
    for (int i = 0; i < 8000; ++i) ++counts[sampler.sample(logits)];
    return counts;
  };
  auto counts = histogram({.seed = 7});
  CHECK(counts[0] == doctest::Approx(1000).epsilon(0.15));
  CHECK(counts[2] == doctest::Approx(5000).epsilon(0.05));
  CHECK(histogram({.seed = 7}) == counts);
  CHECK(histogram({.seed = 8}) != counts);
  CHECK(histogram({.top_k = 2}).count(0) == 0);
  CHECK(histogram({.top_k = 2})[1] == doctest::Approx(8000 * 2 / 7.0).epsilon(0.1));
  CHECK(histogram({.top_p = 0.6})[2] == 8000);  // 5/8 alone reaches 0.6
  CHECK(histogram({.top_p = 0.7}).count(0) == 0);
}
