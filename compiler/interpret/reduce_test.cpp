// Reductions, scans and dot against their definitions, written here once more as plainly as
// possible.
#include <bit>
#include <cmath>

#include <fmt/format.h>

#include "compiler/interpret/test_kernels.h"

namespace tile::interpret {
namespace {

/// Floats whose sums depend on the order.
std::vector<float> rough(std::size_t count, std::uint64_t seed = 1) {
  std::vector<float> values(count);
  for (float& value : values) {
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    value = static_cast<float>(static_cast<std::int64_t>(seed) >> 32) * 1e-6f;
  }
  return values;
}

/// y = op(x) for x of one shape; result of another.
template <class Out, class In>
std::vector<Out> apply(std::string_view op, std::vector<In>& x, std::string_view in_shape,
                       std::vector<Out> y, std::string_view out_shape, std::string_view in_element,
                       std::string_view out_element, std::vector<std::int64_t> in_sizes,
                       std::vector<std::int64_t> out_sizes) {
  const auto ranges = [](const std::vector<std::int64_t>& sizes) {
    std::string text;
    for (std::int64_t size : sizes)
      text += fmt::format("{}%0 +: {}", text.empty() ? "" : ", ", size);
    return text;
  };
  const std::string text = fmt::format(
      R"(kernel @k(%x: tensor<{0}>[{1}], %y: out tensor<{2}>[{3}])
grid {{
  %g0 = constant 1 : i64
  yield %g0
}}
body {{
  %0 = constant 0 : i64
  %fill = constant {4} : {0}
  %x.1 = load %x[{5}] fill %fill : {0}[{1}]
  %r = {6}
  store %y[{7}] = %r
  yield
}}
)",
      in_element, in_shape, out_element, out_shape, in_element == "f32" ? "0.0" : "0",
      ranges(in_sizes), op, ranges(out_sizes));
  run(text, {tensor_of(x, in_sizes), tensor_of(y, out_sizes)});
  return y;
}

std::vector<float> sum_rows(std::vector<float>& x, std::int64_t rows, std::int64_t columns,
                            int axis, std::string_view kind = "sum") {
  const std::int64_t left = axis == 0 ? columns : rows;
  return apply<float>(fmt::format("reduce {} %x.1 axis={} : f32[{}]", kind, axis, left), x,
                      fmt::format("{}, {}", rows, columns), std::vector<float>(left),
                      fmt::format("{}", left), "f32", "f32", {rows, columns}, {left});
}

/// NUMERICS rule 2.
float lane_sum(const std::vector<float>& x) {
  std::vector<float> lanes;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (i < 256) {
      lanes.push_back(x[i]);
    } else {
      lanes[i % 256] += x[i];
    }
  }
  for (std::size_t half = 128; half > 0; half /= 2) {
    for (std::size_t l = 0; l < half; ++l) {
      if (l + half < lanes.size()) lanes[l] += lanes[l + half];
    }
    if (lanes.size() > half) lanes.resize(half);
  }
  return lanes[0] + 0.0f;
}

TEST_CASE("sum has 256 lanes and a halving tree, along any axis") {
  for (std::int64_t length : {1, 2, 3, 127, 128, 129, 255, 256, 257, 300, 511, 512, 700, 1024}) {
    CAPTURE(length);
    constexpr std::int64_t rows = 3;
    std::vector<float> x = rough(static_cast<std::size_t>(rows * length));
    std::vector<float> transposed(x.size());
    for (std::int64_t r = 0; r < rows; ++r) {
      for (std::int64_t i = 0; i < length; ++i) {
        transposed[static_cast<std::size_t>(i * rows + r)] =
            x[static_cast<std::size_t>(r * length + i)];
      }
    }
    const std::vector<float> last = sum_rows(x, rows, length, 1);
    const std::vector<float> first = sum_rows(transposed, length, rows, 0);
    for (std::int64_t r = 0; r < rows; ++r) {
      const float expected = lane_sum({x.begin() + r * length, x.begin() + (r + 1) * length});
      CHECK_EQ(last[static_cast<std::size_t>(r)], expected);
      CHECK_EQ(first[static_cast<std::size_t>(r)], expected);
    }
  }
}

TEST_CASE("a zero sum is +0, and maximum propagates NaN") {
  std::vector<float> zeros = {-0.0f, -0.0f, -0.0f, 1, NAN, 3};
  CHECK_EQ(std::bit_cast<std::uint32_t>(sum_rows(zeros, 2, 3, 1)[0]), 0u);
  CHECK(std::isnan(sum_rows(zeros, 2, 3, 1, "max")[1]));
  CHECK_EQ(std::bit_cast<std::uint32_t>(sum_rows(zeros, 2, 3, 1, "max")[0]), 0x80000000u);
}

TEST_CASE("argmax: first of equals, first NaN, -0 equals +0") {
  std::vector<float> x = {1, 3, 3, 2, /**/ -0.0f, 0.0f, -1, 0.0f, /**/ 1, NAN, 5, NAN};
  const auto arg = [&](std::string_view kind) {
    return apply<std::int64_t>(fmt::format("reduce {} %x.1 axis=1 : i64[3]", kind), x, "3, 4",
                               std::vector<std::int64_t>(3), "3", "f32", "i64", {3, 4}, {3});
  };
  CHECK_EQ(arg("argmax"), std::vector<std::int64_t>{1, 0, 1});
  CHECK_EQ(arg("argmin"), std::vector<std::int64_t>{0, 2, 1});
}

TEST_CASE("scans run in blocks of 256 with the totals chained") {
  for (bool reverse : {false, true}) {
    std::vector<float> x = rough(600);
    const auto y =
        apply<float>(fmt::format("scan sum %x.1 axis=0{} : f32[600]", reverse ? " reverse" : ""), x,
                     "600", std::vector<float>(600), "600", "f32", "f32", {600}, {600});
    float total = 0, running = 0;
    for (std::size_t t = 0; t < 600; ++t) {
      const std::size_t i = reverse ? 599 - t : t;
      running = t % 256 == 0 ? x[i] : running + x[i];
      const float expected = t < 256 ? running : total + running;
      CHECK_EQ(y[i], expected);
      if (t % 256 == 255) total = expected;
    }
  }
}

TEST_CASE("custom reductions combine pairs in ascending order") {
  std::vector<float> x = rough(2 * 5);
  const auto y = apply<float>(R"(reduce custom %x.1 axis=1 : f32[2] combine (%left, %right) {
    %two = constant 2.0 : f32
    %scaled = mul %left, %two : f32
    %sum = add %scaled, %right : f32
    yield %sum
  })",
                              x, "2, 5", std::vector<float>(2), "2", "f32", "f32", {2, 5}, {2});
  for (std::size_t r = 0; r < 2; ++r) {
    float expected = x[r * 5];
    for (std::size_t i = 1; i < 5; ++i) expected = expected * 2 + x[r * 5 + i];
    CHECK_EQ(y[r], expected);
  }
}

TEST_CASE("dot is one fma chain per output; tf32 rounds the operands first") {
  std::vector<float> x = rough(7 * 7);
  for (bool tf32 : {false, true}) {
    const auto y =
        apply<float>(fmt::format("dot {} %x.1, %x.1, %x.1 : f32[7, 7]", tf32 ? "tf32" : "fp32"), x,
                     "7, 7", std::vector<float>(49), "7, 7", "f32", "f32", {7, 7}, {7, 7});
    const auto rounded = [&](float value) {
      if (!tf32) return value;
      return std::bit_cast<float>((std::bit_cast<std::uint32_t>(value) + 0x1000u) & ~0x1fffu);
    };
    for (std::size_t i = 0; i < 7; ++i) {
      for (std::size_t j = 0; j < 7; ++j) {
        float expected = x[i * 7 + j];
        for (std::size_t k = 0; k < 7; ++k) {
          expected = std::fma(rounded(x[i * 7 + k]), rounded(x[k * 7 + j]), expected);
        }
        CHECK_EQ(y[i * 7 + j], expected + 0.0f);
      }
    }
  }
}

}  // namespace
}  // namespace tile::interpret
