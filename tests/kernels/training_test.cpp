// cross_entropy, embedding, adamw: the ends of a model and its optimizer.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "tests/kernels/harness.h"

namespace tile::harness {
namespace {

TEST_CASE("cross_entropy") {
  for (const auto& [index, unroll] : {std::pair{"i64", "8"}, {"i32", "1"}, {"i32", "8"}}) {
    run_row({.file = "kernels/cross_entropy.tile",
             .kernel = "cross_entropy",
             .settings = {{"I", index}, {"U", unroll}},
             .sizes = product_of({{"R", {1, 4, 0}}, {"V", {30, 256, 700, 2100}}}),
             .fills = {{"targets", {-1, 30}}, {"x", {-10, 10}}},
             .reference = [](Values& v) {
               const auto n = static_cast<std::size_t>(v.size("V"));
               for (std::size_t r = 0; r < v["lse"].size(); ++r) {
                 double total = 0;
                 for (std::size_t i = 0; i < n; ++i) total += std::exp(v["x"][r * n + i]);
                 v["lse"][r] = std::log(total);
                 const double target = v["targets"][r];
                 if (target < 0) continue;
                 v["losses"][r] = v["lse"][r] - v["x"][r * n + static_cast<std::size_t>(target)];
               }
             }});
  }
  run_row({.file = "kernels/cross_entropy.tile",
           .kernel = "cross_entropy_gradient",
           .tunes = {{{"BV", "16"}}, {{"BV", "1"}}, {{"BV", "37"}}},
           .sizes = product_of({{"R", {1, 4}}, {"V", {30, 33, 64}}}),
           .fills = {{"targets", {-1, 30}}, {"lse", {1, 3}}},
           .reference = [](Values& v) {
             const auto n = static_cast<std::size_t>(v.size("V"));
             for (std::size_t i = 0; i < v["x"].size(); ++i) {
               const std::size_t r = i / n;
               const double hit = v["targets"][r] == static_cast<double>(i % n) ? 1 : 0;
               if (v["targets"][r] < 0) continue;
               v["dx"][i] = (std::exp(v["x"][i] - v["lse"][r]) - hit) * v["g"][r];
             }
           }});
}

TEST_CASE("embedding") {
  for (const char* index : {"i64", "i32"}) {
    run_row({.file = "kernels/embedding.tile",
             .kernel = "embedding",
             .settings = {{"I", index}},
             .tunes = {{{"BT", "4"}, {"BD", "16"}},
                       {{"BT", "1"}, {"BD", "7"}},
                       {{"BT", "9"}, {"BD", "64"}}},
             .sizes = product_of({{"V", {11}}, {"D", {1, 16, 33}}, {"T", {1, 5, 9, 0}}}),
             .fills = {{"ids", {0, 11}}},
             .reference = [](Values& v) {
               const auto d = static_cast<std::size_t>(v.size("D"));
               for (std::size_t i = 0; i < v["y"].size(); ++i) {
                 v["y"][i] = v["w"][static_cast<std::size_t>(v["ids"][i / d]) * d + i % d];
               }
             }});
    run_row({.file = "kernels/embedding.tile",
             .kernel = "embedding_gradient",
             .settings = {{"I", index}},
             .tunes = {{{"BV", "4"}, {"BD", "16"}},
                       {{"BV", "1"}, {"BD", "7"}},
                       {{"BV", "9"}, {"BD", "64"}}},
             .sizes = product_of({{"V", {11}}, {"D", {1, 16, 33}}, {"T", {1, 25, 0}}}),
             .fills = {{"ids", {0, 11}}},
             .reference = [](Values& v) {
               const auto d = static_cast<std::size_t>(v.size("D"));
               for (std::size_t i = 0; i < v["g"].size(); ++i) {
                 v["dw"][static_cast<std::size_t>(v["ids"][i / d]) * d + i % d] += v["g"][i];
               }
             }});
  }
}

TEST_CASE("cache_update") {
  run_row({.file = "kernels/cache.tile",
           .kernel = "cache_update",
           .tunes = {{{"BH", "2"}, {"BD", "8"}},
                     {{"BH", "1"}, {"BD", "5"}},
                     {{"BH", "4"}, {"BD", "16"}}},
           .sizes = {{{"B", 2}, {"S", 3}, {"H", 3}, {"D", 8}, {"T", 9}},
                     {{"B", 1}, {"S", 1}, {"H", 4}, {"D", 17}, {"T", 5}}},
           .fills = {{"start", {4, 5}}},
           .reference =
               [](Values& v) {
                 const auto row = static_cast<std::size_t>(v.size("H") * v.size("D"));
                 const auto s = static_cast<std::size_t>(v.size("S"));
                 const auto t = static_cast<std::size_t>(v.size("T"));
                 const auto start = static_cast<std::size_t>(v["start"][0]);
                 for (std::size_t i = 0; i < v["x"].size(); ++i) {
                   const std::size_t b = i / row / s, position = start + i / row % s;
                   v["cache"][(b * t + position) * row + i % row] = v["x"][i];
                 }
               },
           .writes_all = false});
}

const std::vector<Settings> flat_tunes = {{{"B", "16"}}, {{"B", "1"}}, {{"B", "37"}}};

/// Adam's step in double; `decays_gradient` as the kernel's GRADIENT.
auto adam_reference(bool decays_gradient) {
  return [decays_gradient](Values& v) {
    const std::vector<double>& s = v["scalars"];
    for (std::size_t i = 0; i < v["p"].size(); ++i) {
      const double p = v["p"][i];
      const double g = v["g"][i] * v["clip"][0] + (decays_gradient ? s[0] * p : 0.0);
      v["m"][i] = v["m"][i] * s[1] + g * s[2];
      v["v"][i] = v["v"][i] * s[3] + g * g * s[4];
      const double divisor = std::sqrt(v["v"][i]) / s[7] + s[5];
      v["p"][i] = p * (decays_gradient ? 1.0 : s[0]) - s[6] * v["m"][i] / divisor;
    }
  };
}

/// The same of SGD with momentum.
auto momentum_reference(bool nesterov) {
  return [nesterov](Values& v) {
    const std::vector<double>& s = v["scalars"];
    for (std::size_t i = 0; i < v["p"].size(); ++i) {
      const double g = v["g"][i] * v["clip"][0] + s[1] * v["p"][i];
      v["m"][i] = v["m"][i] * s[2] + g;
      v["p"][i] -= s[0] * (nesterov ? g + s[2] * v["m"][i] : v["m"][i]);
    }
  };
}

TEST_CASE("adamw, sgd, gradient_norm") {
  for (const bool gradient : {false, true}) {
    run_row({.file = "kernels/adamw.tile",
             .kernel = "adamw",
             .settings = {{"GRADIENT", gradient ? "true" : "false"}},
             .tunes = flat_tunes,
             .sizes = product_of({{"N", {1, 16, 33, 100, 0}}}),
             .fills = {{"v", {0, 2}}, {"scalars", {0.5, 1}}},
             .reference = adam_reference(gradient)});
  }
  run_row({.file = "kernels/adamw.tile",
           .kernel = "sgd",
           .tunes = flat_tunes,
           .sizes = product_of({{"N", {1, 16, 33, 100}}}),
           .reference = [](Values& v) {
             const std::vector<double>& s = v["scalars"];
             for (std::size_t i = 0; i < v["p"].size(); ++i) {
               v["p"][i] -= s[0] * (v["g"][i] * v["clip"][0] + s[1] * v["p"][i]);
             }
           }});
  for (const bool nesterov : {false, true}) {
    run_row({.file = "kernels/adamw.tile",
             .kernel = "sgd_momentum",
             .settings = {{"NESTEROV", nesterov ? "true" : "false"}},
             .tunes = flat_tunes,
             .sizes = product_of({{"N", {1, 16, 33, 100}}}),
             .reference = momentum_reference(nesterov)});
  }
  run_row({.file = "kernels/adamw.tile",
           .kernel = "gradient_norm",
           .sizes = product_of({{"N", {0, 1, 17, 300}}}),
           .fills = {{"squares", {0, 2}}},
           .scalars = {{"max_norm", 1.0}},
           .reference = [](Values& v) {
             double total = 0;
             for (double square : v["squares"]) total += square;
             v["norm"][0] = std::sqrt(total);
             v["clip"][0] = std::fmin(1.0 / (v["norm"][0] + 1e-6f), 1.0);
           }});
}

}  // namespace
}  // namespace tile::harness
