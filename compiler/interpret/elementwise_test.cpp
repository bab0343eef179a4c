// What each element-wise op gives at the edges: signed zeros, NaN, infinities, overflow, division
// by 0.
#include <bit>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "compiler/interpret/test_kernels.h"

namespace tile::interpret {
namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

/// A kernel over vectors of 8: y = op(a, b, c as the op needs).
template <class Out, class In>
std::vector<Out> apply(std::string_view op, std::string_view in, std::string_view out,
                       std::vector<In> a, std::vector<In> b) {
  const auto size = static_cast<std::int64_t>(a.size());
  std::string operation(op);
  const std::string text = fmt::format(
      R"(kernel @k(%a: tensor<{0}>[{2}], %b: tensor<{0}>[{2}], %y: out tensor<{1}>[{2}])
grid {{
  %g0 = constant 1 : i64
  yield %g0
}}
body {{
  %0 = constant 0 : i64
  %fill = constant {3} : {0}
  %a.1 = load %a[%0 +: {2}] fill %fill : {0}[{2}]
  %b.1 = load %b[%0 +: {2}] fill %fill : {0}[{2}]
  %r = {4} : {1}[{2}]
  store %y[%0 +: {2}] = %r
  yield
}}
)",
      in, out, size, in == "f32" ? "0.0" : "0", op);
  std::vector<Out> y(a.size());
  run(text, {tensor_of(a), tensor_of(b), tensor_of(y)});
  return y;
}

std::vector<float> binary_f32(std::string_view op, std::vector<float> a, std::vector<float> b) {
  return apply<float>(fmt::format("{} %a.1, %b.1", op), "f32", "f32", std::move(a), std::move(b));
}
std::vector<std::int32_t> binary_i32(std::string_view op, std::vector<std::int32_t> a,
                                     std::vector<std::int32_t> b) {
  return apply<std::int32_t>(fmt::format("{} %a.1, %b.1", op), "i32", "i32", std::move(a),
                             std::move(b));
}

void check_bits(const std::vector<float>& left, const std::vector<float>& right) {
  REQUIRE_EQ(left.size(), right.size());
  for (std::size_t i = 0; i < left.size(); ++i) {
    CAPTURE(i);
    if (std::isnan(right[i])) {
      CHECK(std::isnan(left[i]));
    } else {
      CHECK_EQ(std::bit_cast<std::uint32_t>(left[i]), std::bit_cast<std::uint32_t>(right[i]));
    }
  }
}

TEST_CASE("minimum and maximum: NaN wins, -0 is below +0") {
  const std::vector<float> a = {1, -0.0f, 0.0f, nan, 2, -inf, -0.0f, 5};
  const std::vector<float> b = {2, 0.0f, -0.0f, 1, nan, inf, -0.0f, 5};
  check_bits(binary_f32("max", a, b), {2, 0.0f, 0.0f, nan, nan, inf, -0.0f, 5});
  check_bits(binary_f32("min", a, b), {1, -0.0f, -0.0f, nan, nan, -inf, -0.0f, 5});
  check_bits(binary_f32("max_number", a, b), {2, 0.0f, 0.0f, 1, 2, inf, -0.0f, 5});
  check_bits(binary_f32("min_number", a, b), {1, -0.0f, -0.0f, 1, 2, -inf, -0.0f, 5});
}

TEST_CASE("arithmetic keeps subnormals and rounds once") {
  const float tiny = std::numeric_limits<float>::denorm_min();
  check_bits(binary_f32("add", {tiny, 1}, {tiny, 0x1p-24f}), {2 * tiny, 1});
  check_bits(binary_f32("mul", {0x1p-100f, 3}, {0x1p-49f, 0.1f}), {tiny, 3 * 0.1f});
  check_bits(binary_f32("div", {1, -1, 0, 1}, {0, 0, 0, 3}), {inf, -inf, nan, 1.0f / 3.0f});
  const float x = 1 + 0x1p-12f;  // x * x needs 25 bits
  const std::vector<float> fused = apply<float>("fma %a.1, %a.1, %b.1", "f32", "f32",
                                                std::vector<float>{x}, std::vector<float>{-1});
  check_bits(fused, {std::fma(x, x, -1.0f)});
  CHECK_NE(fused[0], x * x - 1);
}

TEST_CASE("rounding and signs") {
  const std::vector<float> a = {0.5f, 1.5f, -0.5f, -2.5f, 2.7f, -inf, nan, -0.0f};
  const auto unary = [&](std::string_view op) {
    return apply<float>(fmt::format("{} %a.1", op), "f32", "f32", a, a);
  };
  check_bits(unary("round"), {0, 2, -0.0f, -2, 3, -inf, nan, -0.0f});
  check_bits(unary("floor"), {0, 1, -1, -3, 2, -inf, nan, -0.0f});
  check_bits(unary("ceil"), {1, 2, -0.0f, -2, 3, -inf, nan, -0.0f});
  check_bits(unary("neg"), {-0.5f, -1.5f, 0.5f, 2.5f, -2.7f, inf, nan, 0.0f});
  check_bits(unary("abs"), {0.5f, 1.5f, 0.5f, 2.5f, 2.7f, inf, nan, 0.0f});
  check_bits(unary("sqrt"),
             {std::sqrt(0.5f), std::sqrt(1.5f), nan, nan, std::sqrt(2.7f), nan, nan, -0.0f});
}

TEST_CASE("integers wrap and division never traps") {
  constexpr std::int32_t low = std::numeric_limits<std::int32_t>::min();
  constexpr std::int32_t high = std::numeric_limits<std::int32_t>::max();
  using Ints = std::vector<std::int32_t>;
  CHECK_EQ(binary_i32("add", {high, 1}, {1, 2}), Ints{low, 3});
  CHECK_EQ(binary_i32("mul", {65536, -3}, {65536, 5}), Ints{0, -15});
  CHECK_EQ(binary_i32("div", {7, -7, 5, low, -8}, {2, 2, 0, -1, -3}), Ints{3, -3, 0, low, 2});
  CHECK_EQ(binary_i32("rem", {7, -7, 5, low, -8}, {2, 2, 0, -1, -3}), Ints{1, -1, 5, 0, -2});
  CHECK_EQ(binary_i32("shl", {1, 1, -1}, {31, 33, 4}), Ints{low, 2, -16});
  CHECK_EQ(binary_i32("shr", {-8, 8, low}, {1, 33, 31}), Ints{-4, 4, -1});
  CHECK_EQ(binary_i32("mul_high", {high, -1, 3}, {high, 1, 4}), Ints{0x3fffffff, -1, 0});
  const auto wide = apply<std::uint64_t>("mul_high %a.1, %b.1", "u64", "u64",
                                         std::vector<std::uint64_t>{~0ull, 1ull << 63},
                                         std::vector<std::uint64_t>{~0ull, 4});
  CHECK_EQ(wide, std::vector<std::uint64_t>{~0ull - 1, 2});
  const auto bytes =
      apply<std::int8_t>("div %a.1, %b.1", "i8", "i8", std::vector<std::int8_t>{-128, 100},
                         std::vector<std::int8_t>{-1, 7});
  CHECK_EQ(bytes, std::vector<std::int8_t>{-128, 14});
}

TEST_CASE("float to integer saturates, NaN is 0") {
  const std::vector<float> a = {1.9f, -1.9f, 3e9f, -3e9f, inf, -inf, nan, 2147483648.0f};
  const auto to_i32 = apply<std::int32_t>("cast %a.1", "f32", "i32", a, a);
  CHECK_EQ(to_i32, std::vector<std::int32_t>{1, -1, 2147483647, -2147483647 - 1, 2147483647,
                                             -2147483647 - 1, 0, 2147483647});
  const auto to_u8 = apply<std::uint8_t>("cast %a.1", "f32", "u8", a, a);
  CHECK_EQ(to_u8, std::vector<std::uint8_t>{1, 0, 255, 0, 255, 0, 0, 255});
  const auto to_i64 = apply<std::int64_t>("cast %a.1", "f32", "i64", a, a);
  CHECK_EQ(to_i64[4], std::numeric_limits<std::int64_t>::max());
  CHECK_EQ(to_i64[5], std::numeric_limits<std::int64_t>::min());
  const auto to_u64 = apply<std::uint64_t>("cast %a.1", "f32", "u64", a, a);
  CHECK_EQ(to_u64[4], ~0ull);
  CHECK_EQ(to_u64[3], 0);
}

TEST_CASE("integer to float rounds to nearest even, and bool is value != 0") {
  using Longs = std::vector<std::int64_t>;
  const Longs a = {16777217, 16777219, -16777217, 0x7fffffffffffffff};
  check_bits(apply<float>("cast %a.1", "i64", "f32", a, a),
             {16777216.0f, 16777220.0f, -16777216.0f, 0x1p63f});
  const std::vector<float> b = {0.0f, -0.0f, nan, 1e-45f};
  CHECK_EQ(apply<std::uint8_t>("cast %a.1", "f32", "bool", b, b),
           std::vector<std::uint8_t>{0, 0, 1, 1});
  const Longs c = {256, 511, -1, 128};
  CHECK_EQ(apply<std::int8_t>("cast %a.1", "i64", "i8", c, c),
           std::vector<std::int8_t>{0, -1, -1, -128});
}

TEST_CASE("comparisons with NaN: only `ne` holds") {
  const std::vector<float> a = {1, nan, 0.0f, 2}, b = {2, 1, -0.0f, 2};
  const auto compare = [&](std::string_view predicate) {
    return apply<std::uint8_t>(fmt::format("compare {} %a.1, %b.1", predicate), "f32", "bool", a,
                               b);
  };
  using Bytes = std::vector<std::uint8_t>;
  CHECK_EQ(compare("eq"), Bytes{0, 0, 1, 1});
  CHECK_EQ(compare("ne"), Bytes{1, 1, 0, 0});
  CHECK_EQ(compare("lt"), Bytes{1, 0, 0, 0});
  CHECK_EQ(compare("le"), Bytes{1, 0, 1, 1});
  CHECK_EQ(compare("gt"), Bytes{0, 0, 0, 0});
  CHECK_EQ(compare("ge"), Bytes{0, 0, 1, 1});
}

}  // namespace
}  // namespace tile::interpret
