// kernels/reduce.tile.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "tests/kernels/harness.h"

namespace tile::harness {
namespace {

using Combine = double (*)(double, double);

/// y[o, s, i] = combine over x[o, n, i] for n in segment s; x is [outer, length, inner].
void reduce(const std::vector<double>& x, std::vector<double>& y, std::int64_t length,
            std::int64_t inner, std::int64_t segments, double start, Combine combine) {
  std::ranges::fill(y, start);
  for (std::size_t i = 0; i < x.size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const std::int64_t column = at % inner, n = at / inner % length, outer = at / inner / length;
    double& to = y[static_cast<std::size_t>((outer * segments + n / 65536) * inner + column)];
    to = combine(to, x[i]);
  }
}

double add(double a, double b) { return a + b; }
double add_square(double a, double b) { return a + b * b; }

std::vector<Sizes> row_sizes(bool has_segments) {
  std::vector<Sizes> sizes;
  for (std::int64_t n : {1, 255, 256, 257, 700, 1021}) {
    sizes.push_back({{"A", 2}, {"B", 1}, {"Q", 1}, {"C", 3}, {"N", n}, {"S", 1}});
  }
  if (has_segments) {
    sizes.push_back({{"A", 1}, {"B", 1}, {"Q", 1}, {"C", 1}, {"N", 65537}, {"S", 2}});
    sizes.push_back({{"A", 2}, {"B", 1}, {"Q", 1}, {"C", 2}, {"N", 0}, {"S", 1}});
  }
  sizes.push_back({{"A", 2}, {"B", 0}, {"Q", 0}, {"C", 2}, {"N", 5}, {"S", 1}});
  return sizes;
}

TEST_CASE("sum_rows, sum_columns") {
  for (const char* function : {"identity", "square"}) {
    const Combine combine = function[0] == 'i' ? add : add_square;
    run_row(
        {.file = "kernels/reduce.tile",
         .kernel = "sum_rows",
         .settings = {{"F", function}},
         .tunes = {{{"U", "1"}}, {{"U", "2"}}, {{"U", "8"}}},
         .sizes = row_sizes(true),
         .reference =
             [=](Values& v) { reduce(v["x"], v["y"], v.size("N"), 1, v.size("S"), 0, combine); },
         .tolerance = 3e-5});
  }
  // Rows that fit fewer lanes.
  run_row(
      {.file = "kernels/reduce.tile",
       .kernel = "sum_rows",
       .settings = {{"B", "32"}},
       .tunes = {{{"U", "1"}}, {{"U", "2"}}, {{"U", "4"}}},
       .sizes = product_of({{"A", {1}}, {"Q", {2}}, {"C", {3}}, {"S", {1}}, {"N", {1, 31, 32}}}),
       .reference = [](Values& v) { reduce(v["x"], v["y"], v.size("N"), 1, 1, 0, add); }});
  std::vector<Sizes> sizes;
  for (std::int64_t n : {1, 100, 256, 300, 513}) {
    sizes.push_back({{"A", 2}, {"B", 2}, {"N", n}, {"D", 19}, {"S", 1}});
  }
  sizes.push_back({{"A", 1}, {"B", 1}, {"N", 3}, {"D", 64}, {"S", 1}});
  sizes.push_back({{"A", 1}, {"B", 1}, {"N", 65600}, {"D", 2}, {"S", 2}});
  run_row(
      {.file = "kernels/reduce.tile",
       .kernel = "sum_columns",
       .tunes = {{{"BD", "16"}}, {{"BD", "1"}}, {{"BD", "13"}}},
       .sizes = sizes,
       .reference =
           [](Values& v) { reduce(v["x"], v["y"], v.size("N"), v.size("D"), v.size("S"), 0, add); },
       .tolerance = 3e-5});
}

TEST_CASE("extremum_rows, extremum_columns") {
  for (const bool is_max : {true, false}) {
    const Settings settings = {{"IS_MAX", is_max ? "true" : "false"}};
    const double start = is_max ? -INFINITY : INFINITY;
    const Combine combine = is_max ? Combine([](double a, double b) { return std::fmax(a, b); })
                                   : Combine([](double a, double b) { return std::fmin(a, b); });
    run_row({.file = "kernels/reduce.tile",
             .kernel = "extremum_rows",
             .settings = settings,
             .sizes = row_sizes(false),
             .reference = [=](Values& v) {
               reduce(v["x"], v["y"], v.size("N"), 1, 1, start, combine);
             }});
    run_row({.file = "kernels/reduce.tile",
             .kernel = "extremum_columns",
             .settings = settings,
             .tunes = {{{"BD", "16"}, {"BN", "8"}},
                       {{"BD", "1"}, {"BN", "1"}},
                       {{"BD", "13"}, {"BN", "3"}}},
             .sizes = {{{"A", 2}, {"B", 2}, {"N", 9}, {"D", 19}},
                       {{"A", 1}, {"B", 1}, {"N", 1}, {"D", 16}},
                       {{"A", 1}, {"B", 3}, {"N", 30}, {"D", 1}}},
             .reference = [=](Values& v) {
               reduce(v["x"], v["y"], v.size("N"), v.size("D"), 1, start, combine);
             }});
  }
  run_row({.file = "kernels/reduce.tile",
           .kernel = "extremum_rows",
           .settings = {{"X", "i64"}},
           .sizes = row_sizes(false),
           .reference = [](Values& v) {
             reduce(v["x"], v["y"], v.size("N"), 1, 1, -INFINITY,
                    [](double a, double b) { return std::fmax(a, b); });
           }});
}

TEST_CASE("arg_extremum_rows: the first of equals") {
  for (const bool is_max : {true, false}) {
    for (const char* element : {"f32", "i64"}) {
      run_row({.file = "kernels/reduce.tile",
               .kernel = "arg_extremum_rows",
               .settings = {{"IS_MAX", is_max ? "true" : "false"}, {"X", element}},
               .sizes = row_sizes(false),
               .fills = {{"x", {-9, 9}}},
               .reference = [=](Values& v) {
                 const std::int64_t n = v.size("N");
                 for (std::size_t r = 0; r < v["y"].size(); ++r) {
                   const auto row = v["x"].begin() + static_cast<std::int64_t>(r) * n;
                   const auto best =
                       is_max ? std::max_element(row, row + n) : std::min_element(row, row + n);
                   v["y"][r] = static_cast<double>(best - row);
                 }
               }});
    }
  }
}

TEST_CASE("logical_rows, extremum_gradient_rows") {
  for (const bool is_any : {true, false}) {
    run_row({.file = "kernels/reduce.tile",
             .kernel = "logical_rows",
             .settings = {{"IS_ANY", is_any ? "true" : "false"}},
             .sizes = row_sizes(false),
             .reference = [=](Values& v) {
               reduce(v["x"], v["y"], v.size("N"), 1, 1, is_any ? 0 : 1,
                      is_any ? Combine([](double a, double b) { return std::fmax(a, b); })
                             : Combine([](double a, double b) { return std::fmin(a, b); }));
             }});
  }
  run_row({.file = "kernels/reduce.tile",
           .kernel = "extremum_gradient_rows",
           .sizes = {{{"A", 1}, {"B", 2}, {"C", 2}, {"N", 300}},
                     {{"A", 1}, {"B", 1}, {"C", 1}, {"N", 1}}}});
}

}  // namespace
}  // namespace tile::harness
