// rmsnorm, softmax, swiglu and rope: what a transformer has between its matrix products.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "tests/kernels/harness.h"

namespace tile::harness {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

void norm_reference(Values& v) {
  const auto d = static_cast<std::size_t>(v.size("D"));
  for (std::size_t r = 0; r < v["rstd"].size(); ++r) {
    double squares = 0;
    for (std::size_t i = 0; i < d; ++i) squares += v["x"][r * d + i] * v["x"][r * d + i];
    v["rstd"][r] = 1 / std::sqrt(squares / static_cast<double>(d) + v.scalar("eps"));
    for (std::size_t i = 0; i < d; ++i) {
      v["y"][r * d + i] = v["x"][r * d + i] * v["rstd"][r] * v["w"][i];
    }
  }
}

TEST_CASE("rmsnorm") {
  run_row({.file = "kernels/rmsnorm.tile",
           .kernel = "rmsnorm",
           .sizes = product_of({{"R", {1, 3, 0}}, {"D", {1, 64, 256, 257, 700}}}),
           .scalars = {{"eps", 1e-5}},
           .reference = norm_reference});
  run_row({.file = "kernels/rmsnorm.tile",
           .kernel = "rmsnorm",
           .settings = {{"B", "1024"}, {"IS_HELD", "true"}},
           .sizes = product_of({{"R", {1, 3}}, {"D", {1, 256, 700, 1024}}}),
           .scalars = {{"eps", 1e-5}},
           .reference = norm_reference});
}

void input_gradient_reference(Values& v) {
  const auto d = static_cast<std::size_t>(v.size("D"));
  for (std::size_t r = 0; r < v["rstd"].size(); ++r) {
    const double s = v["rstd"][r];
    double mean = 0;
    for (std::size_t i = 0; i < d; ++i) {
      mean += v["g"][r * d + i] * v["w"][i] * v["x"][r * d + i] * s;
    }
    mean /= static_cast<double>(d);
    for (std::size_t i = 0; i < d; ++i) {
      const std::size_t at = r * d + i;
      v["dx"][at] = s * (v["g"][at] * v["w"][i] - v["x"][at] * s * mean);
    }
  }
}

TEST_CASE("rmsnorm gradients") {
  run_row({.file = "kernels/rmsnorm.tile",
           .kernel = "rmsnorm_input_gradient",
           .sizes = product_of({{"R", {3}}, {"D", {1, 256, 300}}}),
           .fills = {{"rstd", {0.5, 2}}},
           .reference = input_gradient_reference});
  run_row({.file = "kernels/rmsnorm.tile",
           .kernel = "rmsnorm_weight_gradient",
           .tunes = {{{"BD", "16"}}, {{"BD", "1"}}, {{"BD", "13"}}},
           .sizes = {{{"R", 5}, {"D", 17}, {"P", 1}},
                     {{"R", 300}, {"D", 16}, {"P", 1}},
                     {{"R", 65540}, {"D", 1}, {"P", 2}}},
           .reference =
               [](Values& v) {
                 const auto d = static_cast<std::size_t>(v.size("D"));
                 for (std::size_t i = 0; i < v["g"].size(); ++i) {
                   const std::size_t r = i / d;
                   v["dw"][r / 65536 * d + i % d] += v["g"][i] * v["x"][i] * v["rstd"][r];
                 }
               },
           .tolerance = 1e-4});
}

TEST_CASE("rmsnorm gradients from one reading") {
  const auto run = [](const Settings& settings, const std::vector<Sizes>& sizes) {
    run_row({.file = "kernels/rmsnorm.tile",
             .kernel = "rmsnorm_gradients",
             .settings = settings,
             .sizes = sizes,
             .fills = {{"rstd", {0.5, 2}}},
             .reference = [](Values& v) {
               input_gradient_reference(v);
               const auto d = static_cast<std::size_t>(v.size("D"));
               for (std::size_t at = 0; at < v["x"].size(); ++at) {
                 const std::size_t r = at / d;
                 v["parts"][r % 256 * d + at % d] += v["g"][at] * v["x"][at] * v["rstd"][r];
               }
             }});
  };
  run({{"B", "512"}}, {{{"R", 3}, {"D", 300}, {"P", 1}}, {{"R", 515}, {"D", 20}, {"P", 1}}});
  // A row of the longest kind, and a second one for two of the lanes.
  run({{"B", "8192"}, {"U", "1"}}, {{{"R", 258}, {"D", 8190}, {"P", 1}}});
}

TEST_CASE("standardize, standardize_gradient") {
  for (const char* block : {"64", "256"}) {
    const std::vector<std::int64_t> lengths = block[0] == '6'
                                                  ? std::vector<std::int64_t>{1, 63, 64}
                                                  : std::vector<std::int64_t>{1, 256, 257, 700};
    run_row({.file = "kernels/layernorm.tile",
             .kernel = "standardize",
             .settings = {{"B", block}},
             .sizes = product_of({{"R", {1, 3, 0}}, {"D", lengths}}),
             .scalars = {{"eps", 0.1}},
             .reference = [](Values& v) {
               const auto d = static_cast<std::size_t>(v.size("D"));
               for (std::size_t r = 0; r < v["rstd"].size(); ++r) {
                 double mean = 0, square = 0;
                 for (std::size_t i = 0; i < d; ++i) mean += v["x"][r * d + i];
                 mean /= static_cast<double>(d);
                 for (std::size_t i = 0; i < d; ++i) {
                   square += (v["x"][r * d + i] - mean) * (v["x"][r * d + i] - mean);
                 }
                 v["rstd"][r] = 1 / std::sqrt(square / static_cast<double>(d) + v.scalar("eps"));
                 for (std::size_t i = 0; i < d; ++i) {
                   v["y"][r * d + i] = (v["x"][r * d + i] - mean) * v["rstd"][r];
                 }
               }
             }});
    run_row({.file = "kernels/layernorm.tile",
             .kernel = "standardize_gradient",
             .settings = {{"B", block}},
             .sizes = product_of({{"R", {3}}, {"D", lengths}}),
             .fills = {{"rstd", {0.5, 2}}},
             .reference = [](Values& v) {
               const auto d = static_cast<std::size_t>(v.size("D"));
               for (std::size_t r = 0; r < v["rstd"].size(); ++r) {
                 double mean = 0, product = 0;
                 for (std::size_t i = r * d; i < r * d + d; ++i) {
                   mean += v["g"][i] / static_cast<double>(d);
                   product += v["g"][i] * v["y"][i] / static_cast<double>(d);
                 }
                 for (std::size_t i = r * d; i < r * d + d; ++i) {
                   v["dx"][i] = v["rstd"][r] * (v["g"][i] - mean - v["y"][i] * product);
                 }
               }
             }});
  }
}

void softmax_reference(Values& v, std::size_t n) {
  for (std::size_t r = 0; r * n < v["x"].size(); ++r) {
    const auto row = v["x"].begin() + static_cast<std::ptrdiff_t>(r * n);
    const double largest = *std::max_element(row, row + static_cast<std::ptrdiff_t>(n));
    double total = 0;
    for (std::size_t i = 0; i < n; ++i)
      total += std::exp(row[static_cast<std::ptrdiff_t>(i)] - largest);
    for (std::size_t i = 0; i < n; ++i) {
      v["y"][r * n + i] = std::exp(row[static_cast<std::ptrdiff_t>(i)] - largest) / total;
    }
  }
}

TEST_CASE("softmax of rows as long as one tile holds") {
  run_row({.file = "kernels/softmax.tile",
           .kernel = "softmax",
           .settings = {{"B", "32768"}},
           .sizes = {{{"R", 1}, {"N", 32000}}},
           .fills = {{"x", {-3, 3}}},
           .reference = [](Values& v) { softmax_reference(v, 32000); }});
}

TEST_CASE("softmax") {
  for (const char* file : {"kernels/softmax.tile", "examples/02_softmax.tile"}) {
    run_row({.file = file,
             .kernel = "softmax",
             .settings = {{"B", "512"}},
             .sizes = product_of({{"R", {1, 3}}, {"N", {1, 255, 256, 300, 512}}}),
             .fills = {{"x", {-30, 30}}},
             .reference = [](Values& v) {
               softmax_reference(v, static_cast<std::size_t>(v.size("N")));
             }});
  }
  run_row({.file = "kernels/softmax.tile",
           .kernel = "softmax_statistics",
           .sizes = product_of({{"R", {2}}, {"N", {1, 256, 700}}}),
           .reference = [](Values& v) {
             const auto n = static_cast<std::size_t>(v.size("N"));
             for (std::size_t r = 0; r < v["total"].size(); ++r) {
               double largest = -INFINITY;
               for (std::size_t i = 0; i < n; ++i) largest = std::fmax(largest, v["x"][r * n + i]);
               v["largest"][r] = largest;
               for (std::size_t i = 0; i < n; ++i) {
                 v["total"][r] += std::exp(v["x"][r * n + i] - largest);
               }
             }
           }});
}

TEST_CASE("softmax_apply, softmax_gradient") {
  for (const bool is_log : {false, true}) {
    const Settings settings = {{"LOG", is_log ? "true" : "false"}};
    run_row({.file = "kernels/softmax.tile",
             .kernel = "softmax_apply",
             .settings = settings,
             .tunes = {{{"BR", "2"}, {"BN", "16"}},
                       {{"BR", "1"}, {"BN", "7"}},
                       {{"BR", "4"}, {"BN", "64"}}},
             .sizes = product_of({{"R", {1, 3, 5}}, {"N", {1, 33, 64}}}),
             .fills = {{"total", {1, 9}}, {"largest", {0, 2}}},
             .reference = [=](Values& v) {
               const auto n = static_cast<std::size_t>(v.size("N"));
               for (std::size_t i = 0; i < v["x"].size(); ++i) {
                 const double shifted = v["x"][i] - v["largest"][i / n];
                 v["y"][i] = is_log ? shifted - std::log(v["total"][i / n])
                                    : std::exp(shifted) / v["total"][i / n];
               }
             }});
    for (const bool is_held : {false, true}) {
      Settings chosen = settings;
      chosen.emplace_back("B", is_held ? "512" : "256");
      chosen.emplace_back("IS_HELD", is_held ? "true" : "false");
      run_row({.file = "kernels/softmax.tile",
               .kernel = "softmax_gradient",
               .settings = chosen,
               .sizes = product_of({{"R", {1, 3}}, {"N", {1, 256, 300}}}),
               .reference =
                   [=](Values& v) {
                     const auto n = static_cast<std::size_t>(v.size("N"));
                     for (std::size_t r = 0; r * n < v["g"].size(); ++r) {
                       double total = 0;
                       for (std::size_t i = r * n; i < (r + 1) * n; ++i) {
                         total += is_log ? v["g"][i] : v["g"][i] * v["y"][i];
                       }
                       for (std::size_t i = r * n; i < (r + 1) * n; ++i) {
                         v["dx"][i] = is_log ? v["g"][i] - std::exp(v["y"][i]) * total
                                             : v["y"][i] * (v["g"][i] - total);
                       }
                     }
                   },
               .tolerance = 1e-4});
    }
  }
}

TEST_CASE("swiglu") {
  const std::vector<Settings> tunes = {
      {{"BR", "2"}, {"BD", "16"}}, {{"BR", "1"}, {"BD", "7"}}, {{"BR", "4"}, {"BD", "64"}}};
  const auto sizes = product_of({{"R", {1, 3, 4}}, {"D", {1, 16, 33}}});
  run_row({.file = "kernels/swiglu.tile",
           .kernel = "swiglu",
           .tunes = tunes,
           .sizes = sizes,
           .reference = [](Values& v) {
             for (std::size_t i = 0; i < v["y"].size(); ++i) {
               v["y"][i] = v["gate"][i] * sigmoid(v["gate"][i]) * v["up"][i];
             }
           }});
  run_row({.file = "kernels/swiglu.tile",
           .kernel = "swiglu_gradient",
           .tunes = tunes,
           .sizes = sizes,
           .reference = [](Values& v) {
             for (std::size_t i = 0; i < v["g"].size(); ++i) {
               const double x = v["gate"][i], s = sigmoid(x);
               v["dup"][i] = v["g"][i] * x * s;
               v["dgate"][i] = v["g"][i] * v["up"][i] * s * (1 + x * (1 - s));
             }
           }});
}

TEST_CASE("rope") {
  for (const bool is_inverse : {false, true}) {
    run_row({.file = "kernels/rope.tile",
             .kernel = "rope",
             .settings = {{"INVERSE", is_inverse ? "true" : "false"}},
             .tunes = {{{"BH", "2"}, {"BP", "8"}},
                       {{"BH", "1"}, {"BP", "5"}},
                       {{"BH", "4"}, {"BP", "16"}}},
             .sizes = {{{"B", 2}, {"S", 3}, {"H", 3}, {"P", 8}, {"T", 9}},
                       {{"B", 1}, {"S", 1}, {"H", 4}, {"P", 5}, {"T", 7}},
                       {{"B", 1}, {"S", 2}, {"H", 1}, {"P", 33}, {"T", 8}}},
             .fills = {{"start", {4, 5}}},
             .reference = [=](Values& v) {
               const std::int64_t p = v.size("P"), h = v.size("H"), s = v.size("S");
               for (std::size_t i = 0; i < v["x"].size(); i += 2) {
                 const auto pair = static_cast<std::int64_t>(i / 2);
                 const std::int64_t t = pair / p / h % s + static_cast<std::int64_t>(v["start"][0]);
                 const auto at = static_cast<std::size_t>(t * p + pair % p);
                 const double c = v["cosines"][at],
                              n = is_inverse ? -v["sines"][at] : v["sines"][at];
                 v["y"][i] = v["x"][i] * c - v["x"][i + 1] * n;
                 v["y"][i + 1] = v["x"][i] * n + v["x"][i + 1] * c;
               }
             }});
  }
}

}  // namespace
}  // namespace tile::harness
