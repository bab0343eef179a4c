// Matrix products against a scalar fma chain: every output must have its bits, whatever the
// strides.
#include "runtime/ops/matmul.h"

#include <doctest/doctest.h>

#include <bit>

#include "runtime/device/error.h"
#include "runtime/ops/elementwise.h"
#include "runtime/ops/reduce.h"
#include "runtime/ops/test_support.h"

using namespace pg;
using namespace pg::ops;
using test::random;

namespace {

bool has_chain_bits(const Tensor& product, const Tensor& left, const Tensor& right) {
  const Tensor c = to_device(product, cpu_device);
  const Tensor a = to_device(left, cpu_device);
  const Tensor b = to_device(right, cpu_device);
  for (std::int64_t i = 0; i < a.size(0); ++i) {
    for (std::int64_t j = 0; j < b.size(1); ++j) {
      float chain = 0.0f;
      for (std::int64_t k = 0; k < a.size(1); ++k) {
        chain = std::fmaf(a.data_ptr<float>()[i * a.stride(0) + k * a.stride(1)],
                          b.data_ptr<float>()[k * b.stride(0) + j * b.stride(1)], chain);
      }
      if (c.data_ptr<float>()[i * c.stride(0) + j * c.stride(1)] != chain + 0.0f) return false;
    }
  }
  return true;
}

Tensor matrix(std::int64_t rows, std::int64_t columns, bool is_transposed, std::uint64_t seed) {
  return is_transposed ? view::transpose(random({columns, rows}, seed), 0, 1)
                       : random({rows, columns}, seed);
}

double rounded_to_tf32(float x) {
  return std::bit_cast<float>((std::bit_cast<std::uint32_t>(x) + 0x1000u) & ~0x1fffu);
}

/// The same strides, but no element half-way between two tf32 numbers: a tensor map rounds such
/// to even, everything else away from zero.
Tensor without_ties(const Tensor& x) {
  const bool is_transposed = x.stride(1) != 1;
  const Tensor rows = is_transposed ? view::transpose(x, 0, 1) : x;
  std::vector<float> elements = rows.to_vector<float>();
  for (float& e : elements) e = std::bit_cast<float>(std::bit_cast<std::uint32_t>(e) | 1u);
  const Tensor odd = to_device(from_data(elements, rows.shape()), x.device());
  return is_transposed ? view::transpose(odd, 0, 1) : odd;
}

/// In double, of operands rounded to nearest, ties away.
std::vector<double> rounded_product(const Tensor& left, const Tensor& right) {
  const std::vector<float> a = left.to_vector<float>(), b = right.to_vector<float>();
  const auto depth = static_cast<std::size_t>(left.size(1));
  const auto columns = static_cast<std::size_t>(right.size(1));
  std::vector<double> wide(b.size()), c(a.size() / depth * columns, 0.0);
  for (std::size_t i = 0; i < b.size(); ++i) wide[i] = rounded_to_tf32(b[i]);
  for (std::size_t i = 0; i < c.size() / columns; ++i) {
    for (std::size_t k = 0; k < depth; ++k) {
      const double x = rounded_to_tf32(a[i * depth + k]);
      for (std::size_t j = 0; j < columns; ++j) c[i * columns + j] += x * wide[k * columns + j];
    }
  }
  return c;
}

}  // namespace

TEST_CASE("every layout and boundary size has the bits of a chain") {
  const std::int64_t sizes[][3] = {{1, 1, 1},      {1, 64, 33},    {7, 5, 3},      {8, 32, 16},
                                   {31, 33, 65},   {64, 64, 64},   {65, 129, 127}, {128, 64, 257},
                                   {129, 200, 70}, {260, 300, 40}, {5, 600, 130},  {1, 1000, 300}};
  for (const auto& [m, n, k] : sizes) {
    for (int layout = 0; layout < 4; ++layout) {
      const Tensor a = matrix(m, k, (layout & 2) != 0, 1);
      const Tensor b = matrix(k, n, (layout & 1) != 0, 2);
      INFO(m, " ", n, " ", k, " layout ", layout);
      CHECK(has_chain_bits(matmul(a, b), a, b));
    }
  }
}

TEST_CASE("tf32 products of every layout round their operands, nothing else") {
  // Whole and overhanging tiles, rows that 16 bytes divide and rows that they do not, and a sum so
  // long that a GPU splits it.
  const std::int64_t sizes[][3] = {{1, 4, 8},        {4, 36, 32},     {100, 132, 36},
                                   {128, 256, 64},   {132, 260, 68},  {260, 388, 100},
                                   {129, 130, 131},  {64, 512, 96},   {1028, 132, 32},
                                   {132, 136, 2052}, {256, 128, 2050}};
  for (const auto& [m, n, k] : sizes) {
    for (int layout = 0; layout < 4; ++layout) {
      const Tensor a = without_ties(matrix(m, k, (layout & 2) != 0, 3));
      const Tensor b = without_ties(matrix(k, n, (layout & 1) != 0, 4));
      INFO(m, " ", n, " ", k, " layout ", layout);
      const Tensor product = matmul(a, b, Precision::Tf32);
      // Tensor cores add with truncation.
      CHECK(test::error(product, rounded_product(a, b)) < 1e-5);
      CHECK(test::same_bits(product, matmul(a, b, Precision::Tf32)));
    }
  }
}

TEST_CASE("empty products") {
  CHECK(matmul(random({0, 3}, 1), random({3, 2}, 1)).shape() == Shape{0, 2});
  CHECK(test::values(matmul(random({2, 0}, 1), random({0, 1}, 1))) == std::vector<double>{0, 0});
}

TEST_CASE("batches, broadcast and strided") {
  const Tensor a = random({2, 3, 5, 7}, 1);
  const Tensor b = random({3, 7, 4}, 2);
  const Tensor c = matmul(a, b);
  CHECK(c.shape() == Shape{2, 3, 5, 4});
  for (int p = 0; p < 2; ++p) {
    for (int q = 0; q < 3; ++q) {
      const Tensor left = view::select(view::select(a, 0, p), 0, q);
      const Tensor right = view::select(b, 0, q);
      CHECK(has_chain_bits(view::select(view::select(c, 0, p), 0, q), left, right));
    }
  }
  const Tensor x = random({2, 5, 3, 8}, 3);  // heads behind positions
  const Tensor heads = view::transpose(x, 1, 2);
  const Tensor scores = matmul(heads, view::transpose(heads, 2, 3));
  CHECK(scores.shape() == Shape{2, 3, 5, 5});
  const Tensor one = view::select(view::select(heads, 0, 1), 0, 2);
  CHECK(has_chain_bits(view::select(view::select(scores, 0, 1), 0, 2), one,
                       view::transpose(one, 0, 1)));
  CHECK(matmul(random({2, 1, 3, 2, 4}, 1), random({5, 1, 4, 6}, 1)).shape() ==
        Shape{2, 5, 3, 2, 6});
}

TEST_CASE("vectors and linear layers") {
  const Tensor m = random({3, 4}, 1);
  const Tensor v = random({4}, 2);
  CHECK(matmul(m, v).shape() == Shape{3});
  CHECK(matmul(v, v).shape() == Shape{});
  CHECK(matmul(random({3}, 3), m).shape() == Shape{4});
  CHECK(matmul(random({5, 2, 3}, 3), random({3}, 1)).shape() == Shape{5, 2});
  const Tensor x = random({2, 5, 4}, 3);
  const Tensor y = linear(x, m);
  CHECK(test::same_bits(y, matmul(x, view::transpose(m, 0, 1))));
  // A row's bits do not depend on the rows around it.
  CHECK(test::same_bits(linear(view::narrow(x, 1, 3, 1), m), view::narrow(y, 1, 3, 1)));
  const Tensor g = random({2, 5, 3}, 4);
  CHECK(test::same_bits(linear_backward_input(g, m), matmul(g, m)));
  const Tensor rows = view::reshape(g, {10, 3});
  CHECK(has_chain_bits(linear_backward_weight(g, x), view::transpose(rows, 0, 1),
                       view::reshape(x, {10, 4})));
}

TEST_CASE("gradients have the operands' shapes and the right values") {
  const auto check = [](const Shape& left, const Shape& right) {
    const Tensor a = random(left, 1);
    const Tensor b = random(right, 2);
    const Tensor g = random(matmul(a, b).shape(), 3);
    const MatmulGradients back = matmul_backward(g, a, b, true, true);
    CHECK(back.a.shape() == left);
    CHECK(back.b.shape() == right);
    // sum(g * (a + da) b) - sum(g * a b) is linear in da, so one direction checks all of it.
    const Tensor da = random(left, 4);
    const Tensor db = random(right, 5);
    const double along_a = sum(mul(matmul(da, b), g)).item<float>();
    const double along_b = sum(mul(matmul(a, db), g)).item<float>();
    CHECK(sum(mul(back.a, da)).item<float>() == doctest::Approx(along_a).epsilon(1e-3));
    CHECK(sum(mul(back.b, db)).item<float>() == doctest::Approx(along_b).epsilon(1e-3));
  };
  check({3, 4}, {4, 5});
  check({2, 3, 4}, {4, 5});
  check({2, 3, 4}, {2, 4, 5});
  check({2, 1, 3, 4}, {6, 4, 5});
  check({4}, {4, 5});
  check({3, 4}, {4});
  check({4}, {4});
  check({2, 3, 4}, {4});
}

TEST_CASE("errors of matmul") {
  CHECK_THROWS_WITH(matmul(random({2, 64}, 1), random({32, 2}, 1)),
                    "matmul: inner sizes 64 and 32 differ");
  CHECK_THROWS_AS(matmul(random({2, 3, 4}, 1), random({3, 4, 2}, 1)), Error);
  CHECK_THROWS_WITH(linear(random({2, 3}, 1), random({4, 2}, 1)),
                    "linear: the input has 3 features, the weight 2");
}
