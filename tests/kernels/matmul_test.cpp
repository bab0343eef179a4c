// kernels/matmul.tile and the matmul example.
#include <bit>
#include <cmath>

#include <doctest/doctest.h>

#include "tests/kernels/harness.h"

namespace tile::harness {
namespace {

const std::vector<Settings> tunes = {{{"BM", "8"}, {"BN", "16"}, {"BK", "8"}},
                                     {{"BM", "32"}, {"BN", "32"}, {"BK", "32"}},
                                     {{"BM", "5"}, {"BN", "19"}, {"BK", "3"}},
                                     {{"BM", "1"}, {"BN", "64"}, {"BK", "16"}}};

/// c += a b for one matrix of a batch.
void multiply(const double* a, const double* b, double* c, std::int64_t m, std::int64_t n,
              std::int64_t k) {
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      for (std::int64_t l = 0; l < k; ++l) c[i * n + j] += a[i * k + l] * b[l * n + j];
    }
  }
}

void matmul_reference(Values& v) {
  multiply(v["a"].data(), v["b"].data(), v["c"].data(), v.size("M"), v.size("N"), v.size("K"));
}

std::vector<Sizes> matmul_sizes() {
  return {{{"M", 9}, {"N", 17}, {"K", 33}},  {{"M", 8}, {"N", 16}, {"K", 8}},
          {{"M", 1}, {"N", 1}, {"K", 1}},    {{"M", 1}, {"N", 67}, {"K", 129}},
          {{"M", 37}, {"N", 5}, {"K", 0}},   {{"M", 7}, {"N", 0}, {"K", 3}},
          {{"M", 64}, {"N", 48}, {"K", 40}}, {{"M", 61}, {"N", 71}, {"K", 83}}};
}

TEST_CASE("matmul") {
  for (const char* file : {"kernels/matmul.tile", "examples/03_matmul.tile"}) {
    run_row({.file = file,
             .kernel = "matmul",
             .tunes = tunes,
             .sizes = matmul_sizes(),
             .reference = matmul_reference});
  }
}

TEST_CASE("matmul_split gives the parts of a product, sum_splits adds them") {
  run_row({.file = "kernels/matmul.tile",
           .kernel = "matmul_split",
           .tunes = {{{"BM", "8"}, {"BN", "16"}, {"BK", "8"}},
                     {{"BM", "32"}, {"BN", "32"}, {"BK", "32"}},
                     {{"BM", "1"}, {"BN", "64"}, {"BK", "16"}}},
           .sizes = {{{"S", 2}, {"M", 5}, {"N", 9}, {"K", 300}},
                     {{"S", 3}, {"M", 17}, {"N", 3}, {"K", 1000}},
                     {{"S", 4}, {"M", 3}, {"N", 4}, {"K", 257}},
                     {{"S", 1}, {"M", 2}, {"N", 2}, {"K", 0}}},
           .reference =
               [](Values& v) {
                 const auto rows = v.size("M"), columns = v.size("N"), depth = v.size("K");
                 const auto splits = v.size("S");
                 const std::int64_t share = ((depth + 255) / 256 + splits - 1) / splits * 256;
                 const auto rounded = [](double x) {
                   const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(x));
                   return double{std::bit_cast<float>((bits + 0x1000u) & ~0x1fffu)};
                 };
                 for (std::int64_t s = 0; s < splits; ++s) {
                   for (std::int64_t i = 0; i < rows * columns; ++i) {
                     double sum = 0;
                     for (auto k = s * share; k < std::min(depth, s * share + share); ++k) {
                       sum += rounded(v["a"][i / columns * depth + k]) *
                              rounded(v["b"][k * columns + i % columns]);
                     }
                     v["c"][s * rows * columns + i] = sum;
                   }
                 }
               },
           .real_tolerance = 0,
           .gpu_tolerance = 1e-4});
  run_row({.file = "kernels/matmul.tile",
           .kernel = "sum_splits",
           .tunes = {{{"B", "16"}}, {{"B", "64"}}, {{"B", "1024"}}},
           .sizes = {{{"S", 1}, {"N", 7}}, {{"S", 5}, {"N", 100}}},
           .reference = [](Values& v) {
             const auto count = v.size("N");
             for (std::int64_t n = 0; n < count; ++n) {
               double sum = 0;
               for (std::int64_t s = 0; s < v.size("S"); ++s) sum += v["x"][s * count + n];
               v["y"][n] = sum;
             }
           }});
}

TEST_CASE("matmul in tf32 rounds its operands, nothing else") {
  run_row({.file = "kernels/matmul.tile",
           .kernel = "matmul",
           .settings = {{"P", "tf32"}},
           .tunes = tunes,
           .sizes = matmul_sizes(),
           .reference =
               [](Values& v) {
                 for (const char* name : {"a", "b"}) {
                   for (double& x : v[name]) {
                     const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(x));
                     x = std::bit_cast<float>((bits + 0x1000u) & ~0x1fffu);
                   }
                 }
                 matmul_reference(v);
               },
           .real_tolerance = 0,
           .gpu_tolerance = 1e-4});
}

TEST_CASE("matmul_batched") {
  run_row({.file = "kernels/matmul.tile",
           .kernel = "matmul_batched",
           .tunes = tunes,
           .sizes = {{{"P", 2}, {"Q", 3}, {"M", 9}, {"N", 17}, {"K", 10}},
                     {{"P", 1}, {"Q", 2}, {"M", 1}, {"N", 64}, {"K", 33}},
                     {{"P", 3}, {"Q", 1}, {"M", 33}, {"N", 20}, {"K", 16}},
                     {{"P", 2}, {"Q", 0}, {"M", 3}, {"N", 4}, {"K", 5}}},
           .reference = [](Values& v) {
             const std::int64_t m = v.size("M"), n = v.size("N"), k = v.size("K");
             for (std::int64_t batch = 0; batch < v.size("P") * v.size("Q"); ++batch) {
               multiply(v["a"].data() + batch * m * k, v["b"].data() + batch * k * n,
                        v["c"].data() + batch * m * n, m, n, k);
             }
           }});
}

}  // namespace
}  // namespace tile::harness
