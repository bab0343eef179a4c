// Shapes of models: presets, counts, and rotary frequencies.
#include "examples/llama/model/config.h"

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include "examples/llama/model/cost.h"
#include "examples/llama/model/rotary.h"
#include "runtime/device/error.h"

using namespace llama;

TEST_CASE("presets by name") {
  CHECK(is_preset("110M"));
  CHECK(preset_names().find("stories260K, 15M") != std::string::npos);
  CHECK_THROWS_WITH_AS(
      preset("7B"),
      doctest::Contains("7B: no such file, nor a preset; there are char-tiny, char-small"),
      pg::Error);
}

TEST_CASE("parameters by part and arithmetic a token") {
  const auto total = [](std::string_view name) { return count_parameters(preset(name)).total(); };
  CHECK(total("stories260K") == 260032);
  CHECK(total("15M") == 15191712);
  CHECK(total("42M") == 41689600);
  CHECK(total("110M") == 109529856);
  CHECK(total("1B") == 1038682112);
  CHECK(total("Llama-3.2-1B") == 1235814400);  // as its model card says: 1.23 billion
  // One layer by hand: 2 heads of 4, 1 of them for keys; width 8, 16 inside, 10 tokens known.
  const Config config{8, 16, 1, 2, 1, 4, 10, 32};
  const ParameterCounts counts = count_parameters(config);
  CHECK(counts.attention == 8 * (8 + 4 + 4 + 8));
  CHECK(counts.feed_forward == 3 * 8 * 16);
  CHECK(counts.norms == 3 * 8);
  CHECK(counts.head == 0);
  const TokenFlops flops = flops_per_token(config, 3);  // a token sees 2 on average
  CHECK(flops.projections == 2 * (8 * 24 + 3 * 8 * 16 + 10 * 8));
  CHECK(flops.attention == 2 * 2 * 8 * 2);
  CHECK(flops.training() == 3 * flops.forward());
  CHECK(cache_bytes_per_token(config) == 2 * 4 * 4);
}

TEST_CASE("rotary frequencies: scaled linearly, and by wavelength as Llama 3.1 does") {
  Config config = preset("char-tiny");  // 8 pairs
  config.rope_theta = 500000;
  const std::vector<double> plain = rotary_frequencies(config);
  REQUIRE(plain.size() == 8);
  CHECK(plain[0] == 1);
  CHECK(plain[4] == doctest::Approx(std::pow(500000, -0.5)).epsilon(1e-15));

  config.rope_scaling = {RopeScaling::Kind::Linear, 4.0};
  const std::vector<double> linear = rotary_frequencies(config);
  for (std::size_t i = 0; i < 8; ++i) CHECK(linear[i] == plain[i] / 4);

  config.rope_scaling = {RopeScaling::Kind::Llama3, 8.0, 1.0, 4.0, 64};
  const std::vector<double> stretched = rotary_frequencies(config);
  for (std::size_t i = 0; i < 8; ++i) {
    CAPTURE(i);
    const double turns = 64 * plain[i] / (2 * std::numbers::pi);
    if (turns > 4) {
      CHECK(stretched[i] == plain[i]);
    } else if (turns < 1) {
      CHECK(stretched[i] == plain[i] / 8);
    } else {
      CHECK(stretched[i] < plain[i]);
      CHECK(stretched[i] > plain[i] / 8);
    }
  }
  CHECK(stretched[1] ==
        doctest::Approx(plain[1] * ((4 - 1.9749) / 3 / 8 + 0.9749 / 3)).epsilon(1e-4));
}
