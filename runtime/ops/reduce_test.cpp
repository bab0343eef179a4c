// Reductions against loops that follow NUMERICS rule 2 word for word, so sums must agree in every
// bit.
#include "runtime/ops/reduce.h"

#include <doctest/doctest.h>

#include <functional>
#include <limits>

#include "runtime/device/error.h"
#include "runtime/ops/elementwise.h"
#include "runtime/ops/test_support.h"

using namespace pg;
using namespace pg::ops;
using test::random;

namespace {

/// 256 lanes, then a halving tree; missing lanes take no part.
float lane_sum(const float* x, std::int64_t n, std::int64_t stride) {
  float lanes[256];
  for (std::int64_t l = 0; l < std::min<std::int64_t>(n, 256); ++l) {
    lanes[l] = x[l * stride];
    for (std::int64_t i = l + 256; i < n; i += 256) lanes[l] += x[i * stride];
  }
  for (std::int64_t half = 128; half > 0; half /= 2) {
    for (std::int64_t l = 0; l < half && l + half < n; ++l) lanes[l] += lanes[l + half];
  }
  return n == 0 ? 0.0f : lanes[0] + 0.0f;
}

float segment_sum(const float* x, std::int64_t n, std::int64_t stride) {
  if (n <= 65536) return lane_sum(x, n, stride);
  std::vector<float> parts;
  for (std::int64_t i = 0; i < n; i += 65536) {
    parts.push_back(lane_sum(x + i * stride, std::min<std::int64_t>(65536, n - i), stride));
  }
  return segment_sum(parts.data(), static_cast<std::int64_t>(parts.size()), 1);
}

}  // namespace

TEST_CASE("sums along the last axis have the bits of the rule") {
  for (std::int64_t n :
       {1, 2, 3, 64, 127, 255, 256, 257, 511, 1000, 4096, 65535, 65536, 65537, 200001}) {
    const std::int64_t rows = n > 5000 ? 2 : 5;
    const Tensor x = random({rows, n}, static_cast<std::uint64_t>(n));
    const std::vector<float> sums = sum(x, {1}).to_vector<float>();
    const std::vector<float> values = x.to_vector<float>();
    for (std::int64_t r = 0; r < rows; ++r) {
      INFO(n);
      CHECK(sums[static_cast<std::size_t>(r)] == segment_sum(values.data() + r * n, n, 1));
    }
  }
}

TEST_CASE("sums along other axes have the bits of the rule") {
  for (std::int64_t n : {1, 2, 7, 12, 255, 256, 257, 700, 66000}) {
    const std::int64_t inner = n > 5000 ? 3 : 45;
    const Tensor x = random({2, n, inner}, static_cast<std::uint64_t>(n));
    const Tensor y = sum(x, {1});
    CHECK(y.shape() == Shape{2, inner});
    const std::vector<float> sums = y.to_vector<float>();
    const std::vector<float> values = x.to_vector<float>();
    bool agrees = true;
    for (std::int64_t i = 0; i < 2 * inner; ++i) {
      const float* first = values.data() + i / inner * n * inner + i % inner;
      agrees = agrees && sums[static_cast<std::size_t>(i)] == segment_sum(first, n, inner);
    }
    INFO(n);
    CHECK(agrees);
    CHECK(test::same_bits(y, sum(view::permute(x, {0, 2, 1}), {2})));
  }
}

TEST_CASE("shapes of sums, and empty ones") {
  const Tensor x = random({3, 4, 5}, 1);
  CHECK(sum(x).shape() == Shape{});
  CHECK(sum(x, {0, 2}).shape() == Shape{4});
  CHECK(sum(x, {0, 2}, true).shape() == Shape{1, 4, 1});
  CHECK(sum(x, {-1}).shape() == Shape{3, 4});
  CHECK(sum(x).item<float>() == lane_sum(x.to_vector<float>().data(), 60, 1));
  CHECK(test::values(sum(random({2, 0}, 1), {1})) == std::vector<double>{0, 0});
  CHECK(sum(random({0, 2}, 1), {1}).shape() == Shape{0});
  CHECK(sum(tensor({-0.0f, -0.0f})).item<float>() == 0.0f);
  CHECK_FALSE(std::signbit(sum(tensor({-0.0f})).item<float>()));
  CHECK(mean(tensor({1, 2, 6})).item<float>() == 3.0f);
  CHECK(sum_squares(tensor({1, 2, 3})).item<float>() == 14.0f);
  CHECK(sum_squares(tensor({1, 2, 3})).shape() == Shape{});
}

TEST_CASE("sum_to undoes broadcasting") {
  const Tensor x = random({4, 3, 5}, 1);
  CHECK(test::same_bits(sum_to(x, {5}), sum(x, {0, 1})));
  CHECK(test::same_bits(sum_to(x, {3, 1}), sum(x, {0, 2}, true)));
  CHECK(sum_to(x, {4, 1, 5}).shape() == Shape{4, 1, 5});
  CHECK(sum_to(x, x.shape()).is_same(x));
  CHECK(sum_to(x, {}).shape() == Shape{});
}

TEST_CASE("extrema and their places") {
  for (std::int64_t n : {1, 2, 17, 255, 256, 257, 1000}) {
    const Tensor x = random({3, n, 4}, static_cast<std::uint64_t>(n));
    const auto largest = amax(x, {1}).to_vector<float>();
    const auto smallest = amin(view::permute(x, {0, 2, 1}), {2}).to_vector<float>();
    const auto place = argmax(x, 1).to_vector<std::int64_t>();
    const auto values = x.to_vector<float>();
    for (std::size_t i = 0; i < 12; ++i) {
      const float* column = values.data() + static_cast<std::int64_t>(i / 4) * n * 4 + i % 4;
      std::int64_t best = 0;
      float low = column[0];
      for (std::int64_t k = 1; k < n; ++k) {
        if (column[k * 4] > column[best * 4]) best = k;
        low = std::min(low, column[k * 4]);
      }
      CHECK(largest[i] == column[best * 4]);
      CHECK(smallest[i] == low);
      CHECK(place[i] == best);
    }
  }
  CHECK(argmax(tensor({1, 5, 5, 2}), 0).item<std::int64_t>() == 1);
  CHECK(argmax(tensor({-3, -2, -2}), 0).item<std::int64_t>() == 1);
  CHECK(argmin(tensor({1, 5, 0, 0}), 0, true).shape() == Shape{1});
  CHECK(argmax(tensor({1, NAN, 9, NAN}), 0).item<std::int64_t>() == 1);
  CHECK(std::isnan(amax(tensor({1, NAN, 9})).item<float>()));
  const Tensor whole = from_data(std::vector<std::int64_t>{-5, -9, -2}, {3});
  CHECK(amax(whole).item<std::int64_t>() == -2);
  CHECK(argmin(whole, 0).item<std::int64_t>() == 1);
  const Tensor g = extremum_backward(tensor({6}), tensor({1, 5, 5}), tensor({5}), {0});
  CHECK(test::values(g) == std::vector<double>{0, 3, 3});
}

TEST_CASE("any and all") {
  std::vector<bool> bits(600, false);
  bits[299] = true;
  const Tensor x = from_bools(bits, {2, 300});
  CHECK(any(x, {1}).to_vector<bool>() == std::vector<bool>{true, false});
  CHECK(all(x).item<bool>() == false);
}

TEST_CASE("errors of reductions") {
  const auto message = [](const std::function<void()>& f) {
    try {
      f();
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string("no error");
  };
  CHECK(message([] { sum(tensor({1}), {1}); }).starts_with("sum: axis 1"));
  CHECK(message([] { amax(random({0}, 1)); }).starts_with("amax: no elements"));
  CHECK(message([] { mean(from_bools({true}, {1})); }) == "mean: does not take bool tensors");
  CHECK(message([] { sum_to(random({2, 3}, 1), {2}); }).starts_with("sum_to: "));
}
