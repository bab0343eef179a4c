// index, scan, sort, dropout, triangle; sums of integers and products of rows.
#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include "tests/kernels/harness.h"

namespace tile::harness {
namespace {

std::size_t at(double place) { return static_cast<std::size_t>(place); }

/// Calls visit(a, t, d, position in [A, T, D]).
template <class Visit>
void for_each(const Values& v, std::size_t a_count, Visit&& visit) {
  const std::size_t t_count = at(static_cast<double>(v.size("T")));
  const std::size_t d_count = at(static_cast<double>(v.size("D")));
  for (std::size_t i = 0; i < a_count * t_count * d_count; ++i) {
    visit(i / d_count / t_count, i / d_count % t_count, i % d_count, i);
  }
}

/// Every row of x, out of order, some more than once.
void spread_ids(Values& v) {
  std::vector<double>& ids = v["ids"];
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<double>(static_cast<std::int64_t>(i) * 7 % v.size("V"));
  }
}

std::vector<Sizes> index_sizes() {
  std::vector<Sizes> sizes = {{{"A", 1}, {"V", 9}, {"T", 5}, {"D", 1}},
                              {{"A", 2}, {"V", 3}, {"T", 300}, {"D", 7}},
                              {{"A", 1}, {"V", 300}, {"T", 17}, {"D", 1}},
                              {{"A", 3}, {"V", 5}, {"T", 1}, {"D", 65}}};
  return sizes;
}

TEST_CASE("take, put") {
  for (const char* element : {"f32", "i64", "bool"}) {
    run_row({.file = "kernels/index.tile",
             .kernel = "take",
             .settings = {{"X", element}},
             .tunes = {{{"BT", "16"}, {"BD", "8"}},
                       {{"BT", "1"}, {"BD", "1"}},
                       {{"BT", "5"}, {"BD", "64"}}},
             .sizes = index_sizes(),
             .prepare = spread_ids,
             .reference = [](Values& v) {
               const std::size_t d_count = at(static_cast<double>(v.size("D")));
               const std::size_t v_count = at(static_cast<double>(v.size("V")));
               for_each(v, at(static_cast<double>(v.size("A"))),
                        [&](std::size_t a, std::size_t t, std::size_t d, std::size_t i) {
                          v["y"][i] = v["x"][(a * v_count + at(v["ids"][t])) * d_count + d];
                        });
             }});
  }
  for (const char* element : {"f32", "i64"}) {
    for (const bool is_sum : {true, false}) {
      run_row({.file = "kernels/index.tile",
               .kernel = "put",
               .settings = {{"IS_SUM", is_sum ? "true" : "false"}, {"X", element}},
               .tunes = {{{"BV", "4"}, {"BD", "16"}},
                         {{"BV", "1"}, {"BD", "1"}},
                         {{"BV", "16"}, {"BD", "8"}}},
               .sizes = index_sizes(),
               .prepare = spread_ids,
               .reference =
                   [=](Values& v) {
                     const std::size_t d_count = at(static_cast<double>(v.size("D")));
                     const std::size_t v_count = at(static_cast<double>(v.size("V")));
                     for_each(v, at(static_cast<double>(v.size("A"))),
                              [&](std::size_t a, std::size_t t, std::size_t d, std::size_t i) {
                                double& x = v["x"][(a * v_count + at(v["ids"][t])) * d_count + d];
                                x = v["g"][i] + (is_sum ? x : 0.0);
                              });
                   },
               .tolerance = 1e-4});
    }
  }
}

TEST_CASE("gather, scatter") {
  // x [2, 5, 3], ids [2, 4, 3].
  const std::map<std::string, double> extents = {{"v", 5}, {"t", 4}, {"d", 3}};
  const auto place = [](const Values& v, const std::vector<double>& ids, std::size_t i) {
    const std::size_t vs = at(v.scalar("v")), ts = at(v.scalar("t")), ds = at(v.scalar("d"));
    return (i / (ts * ds) * vs + at(ids[i])) * ds + i % ds;
  };
  run_row({.file = "kernels/index.tile",
           .kernel = "gather",
           .tunes = {{{"B", "256"}}, {{"B", "1"}}, {{"B", "7"}}},
           .sizes = {{{"N", 30}, {"M", 24}}},
           .fills = {{"ids", {0, 5}}},
           .scalars = extents,
           .reference = [=](Values& v) {
             for (std::size_t i = 0; i < v["y"].size(); ++i) {
               v["y"][i] = v["x"][place(v, v["ids"], i)];
             }
           }});
  for (const bool is_sum : {true, false}) {
    run_row({.file = "kernels/index.tile",
             .kernel = "scatter",
             .settings = {{"IS_SUM", is_sum ? "true" : "false"}},
             .tunes = {{{"B", "256"}}, {{"B", "1"}}, {{"B", "7"}}},
             .sizes = {{{"N", 30}, {"M", 24}}},
             .fills = {{"ids", {0, 5}}},
             .scalars = extents,
             .reference = [=](Values& v) {
               for (std::size_t i = 0; i < v["g"].size(); ++i) {
                 double& x = v["x"][place(v, v["ids"], i)];
                 x = v["g"][i] + (is_sum ? x : 0.0);
               }
             }});
  }
}

TEST_CASE("running_sum, search") {
  for (const char* element : {"f32", "i64"}) {
    run_row({.file = "kernels/scan.tile",
             .kernel = "running_sum",
             .settings = {{"X", element}},
             .tunes = {{{"BD", "16"}}, {{"BD", "1"}}, {{"BD", "3"}}},
             .sizes = {{{"A", 2}, {"N", 1}, {"D", 17}},
                       {{"A", 1}, {"N", 256}, {"D", 1}},
                       {{"A", 2}, {"N", 257}, {"D", 3}},
                       {{"A", 1}, {"N", 700}, {"D", 2}}},
             .reference =
                 [](Values& v) {
                   const std::size_t d = at(static_cast<double>(v.size("D")));
                   const std::size_t n = at(static_cast<double>(v.size("N")));
                   for (std::size_t i = 0; i < v["x"].size(); ++i) {
                     v["y"][i] = v["x"][i] + (i / d % n == 0 ? 0.0 : v["y"][i - d]);
                   }
                 },
             .tolerance = 1e-4});
  }
  for (const bool or_equal : {false, true}) {
    run_row({.file = "kernels/scan.tile",
             .kernel = "search",
             .settings = {{"OR_EQUAL", or_equal ? "true" : "false"}, {"X", "i64"}},
             .tunes = {{{"B", "256"}}, {{"B", "1"}}, {{"B", "7"}}},
             .sizes = {{{"A", 1}, {"N", 1}, {"T", 5}}, {{"A", 2}, {"N", 300}, {"T", 20}}},
             .prepare =
                 [](Values& v) {
                   const auto n = static_cast<std::ptrdiff_t>(v.size("N"));
                   auto& rows = v["sorted"];
                   for (auto row = rows.begin(); row != rows.end(); row += n) {
                     std::sort(row, row + n);
                   }
                 },
             .reference =
                 [=](Values& v) {
                   const auto n = static_cast<std::ptrdiff_t>(v.size("N"));
                   const std::size_t t = at(static_cast<double>(v.size("T")));
                   for (std::size_t i = 0; i < v["values"].size(); ++i) {
                     const auto row = v["sorted"].begin() + static_cast<std::ptrdiff_t>(i / t) * n;
                     const auto found = or_equal ? std::upper_bound(row, row + n, v["values"][i])
                                                 : std::lower_bound(row, row + n, v["values"][i]);
                     v["places"][i] = static_cast<double>(found - row);
                   }
                 }});
  }
}

TEST_CASE("merge_runs") {
  for (const bool is_descending : {false, true}) {
    for (const char* element : {"f32", "i64"}) {
      for (const double run : {1.0, 4.0, 64.0}) {
        run_row({.file = "kernels/sort.tile",
                 .kernel = "merge_runs",
                 .settings = {{"IS_DESCENDING", is_descending ? "true" : "false"}, {"X", element}},
                 .tunes = {{{"B", "256"}}, {{"B", "1"}}, {{"B", "7"}}},
                 .sizes = {{{"A", 1}, {"N", 1}}, {{"A", 2}, {"N", 7}}, {{"A", 1}, {"N", 300}}},
                 .scalars = {{"run", run}},
                 .prepare =
                     [=](Values& v) {
                       const std::size_t n = at(static_cast<double>(v.size("N")));
                       for (std::size_t i = 0; i < v["keys"].size(); i += n) {
                         for (std::size_t j = 0; j < n; j += at(run)) {
                           const auto first =
                               v["keys"].begin() + static_cast<std::ptrdiff_t>(i + j);
                           const auto end =
                               first + static_cast<std::ptrdiff_t>(std::min(at(run), n - j));
                           std::sort(first, end);
                           if (is_descending) std::reverse(first, end);
                         }
                       }
                     },
                 .reference =
                     [=](Values& v) {
                       const std::size_t n = at(static_cast<double>(v.size("N")));
                       std::vector<std::size_t> order(v["keys"].size());
                       for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
                       const auto before = [&](std::size_t a, std::size_t b) {
                         const double x = v["keys"][a], y = v["keys"][b];
                         if (x == y) return a < b;
                         return is_descending ? x > y : x < y;
                       };
                       for (std::size_t i = 0; i < order.size(); i += n) {
                         for (std::size_t j = 0; j < n; j += 2 * at(run)) {
                           const auto first = order.begin() + static_cast<std::ptrdiff_t>(i + j);
                           const std::size_t count = std::min(2 * at(run), n - j);
                           std::sort(first, first + static_cast<std::ptrdiff_t>(count), before);
                         }
                       }
                       for (std::size_t i = 0; i < order.size(); ++i) {
                         v["sorted"][i] = v["keys"][order[i]];
                         v["sorted_places"][i] = v["places"][order[i]];
                       }
                     },
                 .wild = Wild::None});
      }
    }
  }
}

TEST_CASE("dropout") {
  run_row({.file = "kernels/dropout.tile",
           .kernel = "dropout",
           .tunes = {{{"B", "256"}}, {{"B", "1"}}, {{"B", "7"}}},
           .sizes = {{{"N", 1}}, {{"N", 257}}},
           .scalars = {{"seed", 5}, {"step", 2}, {"p", 0.25}, {"scale", 4.0 / 3.0}}});
}

TEST_CASE("triangle") {
  for (const bool is_upper : {false, true}) {
    for (const double diagonal : {0.0, 2.0, -1.0}) {
      run_row({.file = "kernels/copy.tile",
               .kernel = "triangle",
               .settings = {{"IS_UPPER", is_upper ? "true" : "false"}},
               .tunes = {{{"BR", "8"}, {"BC", "16"}},
                         {{"BR", "1"}, {"BC", "1"}},
                         {{"BR", "3"}, {"BC", "5"}}},
               .sizes = {{{"A", 1}, {"R", 1}, {"C", 1}}, {{"A", 2}, {"R", 7}, {"C", 17}}},
               .scalars = {{"diagonal", diagonal}},
               .reference = [=](Values& v) {
                 const std::size_t r = at(static_cast<double>(v.size("R")));
                 const std::size_t c = at(static_cast<double>(v.size("C")));
                 for (std::size_t i = 0; i < v["x"].size(); ++i) {
                   const double offset =
                       static_cast<double>(i % c) - static_cast<double>(i / c % r);
                   const bool stays = is_upper ? offset >= diagonal : offset <= diagonal;
                   v["y"][i] = stays ? v["x"][i] : 0.0;
                 }
               }});
    }
  }
}

TEST_CASE("integer_sum_rows") {
  for (const char* element : {"i32", "i64", "bool"}) {
    run_row(
        {.file = "kernels/reduce.tile",
         .kernel = "integer_sum_rows",
         .settings = {{"X", element}},
         .sizes = product_of({{"A", {2}}, {"B", {1}}, {"C", {3}}, {"N", {0, 1, 255, 256, 700}}}),
         .reference = [](Values& v) {
           const std::size_t n = at(static_cast<double>(v.size("N")));
           for (std::size_t i = 0; i < v["x"].size(); ++i) v["y"][i / n] += v["x"][i];
         }});
  }
}

TEST_CASE("product_rows") {
  for (const std::string element : {"f32", "i64"}) {
    run_row(
        {.file = "kernels/reduce.tile",
         .kernel = "product_rows",
         .settings = {{"X", element}},
         .sizes = product_of({{"A", {2}}, {"B", {1}}, {"C", {3}}, {"N", {0, 1, 255, 256, 700}}}),
         // Products of all but ones and minus ones would soon be 0 or no number.
         .fills = {{"x", element == "f32" ? Fill{0.98, 1.02} : Fill{0, 2}}},
         .prepare =
             [=](Values& v) {
               for (double& x : v["x"]) x = element == "f32" ? x : 2 * x - 1;
             },
         .reference =
             [](Values& v) {
               const std::size_t n = at(static_cast<double>(v.size("N")));
               for (double& y : v["y"]) y = 1;
               for (std::size_t i = 0; i < v["x"].size(); ++i) v["y"][i / n] *= v["x"][i];
             }});
  }
}

}  // namespace
}  // namespace tile::harness
