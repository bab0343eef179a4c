// The standard library's random numbers from a kernel, against the host's generator.
#include <doctest/doctest.h>

#include "runtime/ops/test_support.h"
#include "runtime/tensor/launch.h"

using namespace pg;

namespace {

constexpr const char* text = R"(
kernel draw<const NORMAL: bool = false>(seed: i64, stream: i32, step: i32, y: out tensor<f32>[N])
  grid (ceil_div(N, 64))
{
  let i = program();
  let index = i * 64 + iota<i64>[64];
  if const NORMAL {
    y[i * 64 +: 64] = randn(seed, stream, step, index);
  } else {
    y[i * 64 +: 64] = rand(seed, stream, step, index);
  }
}

kernel dice(seed: i64, y: out tensor<i32>[N]) grid (1) {
  for i in 0..ceil_div(N, 64) {
    y[i * 64 +: 64] = i32(randint(6, seed, 0, 0, i * 64 + iota<i64>[64]));
  }
}
)";

}  // namespace

TEST_CASE("rand and randn draw the generator's numbers") {
  constexpr std::int64_t seed = 0x123456789abcdef;
  Generator generator(seed);
  std::vector<float> expected(1001);
  generator.uniform(expected, 5);
  const Tensor y = empty({1001});
  launch(Kernel({"draw.tile", text}, "draw", {}), seed, 5, 0, y);
  CHECK(y.to_vector<float>() == expected);
  generator.normal(expected, 5);
  launch(Kernel({"draw.tile", text}, "draw", {{"NORMAL", "true"}}), seed, 5, 1, y);
  CHECK(test::error(y, {expected.begin(), expected.end()}) < 1e-5);
}

TEST_CASE("randint covers its range evenly") {
  const Tensor y = empty({6000}, DType::I32);
  launch(Kernel({"draw.tile", text}, "dice", {}), std::int64_t{1}, y);
  std::vector<int> counts(6);
  for (std::int32_t value : y.to_vector<std::int32_t>()) {
    REQUIRE(value >= 0);
    REQUIRE(value < 6);
    ++counts[static_cast<std::size_t>(value)];
  }
  for (int count : counts) CHECK(std::abs(count - 1000) < 150);
}
