// kernels/attention.tile: forward and gradients against a plain softmax(q k^T) v, grouped heads,
// causal or not, with a start position.
#include <cmath>

#include <doctest/doctest.h>

#include "tests/kernels/harness.h"

namespace tile::harness {
namespace {

/// The sizes and the index arithmetic of one case.
struct Attention {
  explicit Attention(const Values& v, bool is_causal)
      : heads(v.size("H")),
        groups(v.size("H") / v.size("J")),
        queries(v.size("S")),
        keys(v.size("T")),
        width(v.size("E")),
        start(static_cast<std::int64_t>(v.tensors.at("start")[0])),
        scale(v.scalar("scale")),
        is_causal(is_causal) {}

  std::int64_t heads, groups, queries, keys, width, start;
  double scale;
  bool is_causal;

  /// [B, H, S, E] and [B, J, T, E] indices; `row` counts (b, h, s).
  std::size_t query(std::int64_t row, std::int64_t e) const {
    return static_cast<std::size_t>(row * width + e);
  }
  std::int64_t key_head(std::int64_t row) const {
    const std::int64_t b = row / queries / heads, h = row / queries % heads;
    return b * (heads / groups) + h / groups;
  }
  std::size_t key(std::int64_t row, std::int64_t t, std::int64_t e) const {
    return static_cast<std::size_t>((key_head(row) * keys + t) * width + e);
  }
  std::int64_t used(std::int64_t row) const {
    return is_causal ? std::min(keys, start + row % queries + 1) : keys;
  }
};

/// Element [b, j, t, e] of k from kt [B, J, E, T].
double key_of(Values& v, const Attention& a, std::int64_t row, std::int64_t t, std::int64_t e) {
  return v["kt"][static_cast<std::size_t>((a.key_head(row) * a.width + e) * a.keys + t)];
}

void forward(Values& v, bool is_causal) {
  const Attention a(v, is_causal);
  for (std::int64_t row = 0; row < static_cast<std::int64_t>(v["lse"].size()); ++row) {
    std::vector<double> score(static_cast<std::size_t>(a.used(row)));
    double total = 0;
    for (std::size_t t = 0; t < score.size(); ++t) {
      for (std::int64_t e = 0; e < a.width; ++e) {
        score[t] += v["q"][a.query(row, e)] * key_of(v, a, row, static_cast<std::int64_t>(t), e);
      }
      score[t] *= a.scale;
      total += std::exp(score[t]);
    }
    v["lse"][static_cast<std::size_t>(row)] = std::log(total);
    for (std::size_t t = 0; t < score.size(); ++t) {
      for (std::int64_t e = 0; e < a.width; ++e) {
        v["o"][a.query(row, e)] +=
            std::exp(score[t]) / total * v["v"][a.key(row, static_cast<std::int64_t>(t), e)];
      }
    }
  }
}

std::vector<Sizes> attention_sizes() {
  return {{{"B", 2}, {"H", 4}, {"J", 2}, {"S", 9}, {"T", 12}, {"E", 8}},
          {{"B", 1}, {"H", 2}, {"J", 2}, {"S", 1}, {"T", 70}, {"E", 16}},
          {{"B", 1}, {"H", 2}, {"J", 1}, {"S", 66}, {"T", 131}, {"E", 5}},
          {{"B", 1}, {"H", 1}, {"J", 1}, {"S", 33}, {"T", 64}, {"E", 16}}};
}

const std::vector<Settings> query_tunes = {
    {{"BQ", "8"}}, {{"BQ", "1"}}, {{"BQ", "13"}}, {{"BQ", "32"}}};

/// What a row of a kernel in tf32 has instead: errors are of tf32's size, special values spread,
/// and tiles are as large as wgmma wants them.
Row in_tf32(Row row) {
  row.settings = {{"D", "32"}, {"P", "tf32"}, row.settings.back()};
  if (row.kernel != "attention") row.settings.push_back({"L", "32"});
  const std::string tile = row.kernel == "attention_key_gradient" ? "BK" : "BQ";
  row.tunes = {{{tile, "16"}}, {{tile, "64"}}, {{tile, "128"}}};
  row.sizes = {{{"B", 2}, {"H", 4}, {"J", 2}, {"S", 9}, {"T", 12}, {"E", 8}},
               {{"B", 1}, {"H", 2}, {"J", 2}, {"S", 1}, {"T", 70}, {"E", 32}},
               {{"B", 1}, {"H", 2}, {"J", 1}, {"S", 130}, {"T", 201}, {"E", 32}},
               {{"B", 1}, {"H", 1}, {"J", 1}, {"S", 131}, {"T", 134}, {"E", 30}}};
  // Not far below the scores: a probability then is one.
  if (row.fills.contains("lse")) row.fills["lse"] = {8, 12};
  row.tolerance = 5e-2;
  row.real_tolerance = 0;
  row.gpu_tolerance = 5e-3;
  row.wild = Wild::None;
  return row;
}

/// x [.., n, E] with its last two dimensions swapped.
void transpose(Values& v, const std::string& to, const std::string& x, const std::string& n) {
  const std::int64_t rows = v.size(n), width = v.size("E");
  for (std::size_t i = 0; i < v[x].size(); ++i) {
    const auto at = static_cast<std::int64_t>(i);
    const std::int64_t e = at % width, row = at / width;
    v[to][static_cast<std::size_t>((row / rows * width + e) * rows + row % rows)] = v[x][i];
  }
}

/// In both precisions; CAUSAL is the last of the row's settings.
void run_both(const Row& row) {
  run_row(row);
  run_row(in_tf32(row));
}

TEST_CASE("attention") {
  for (const bool is_causal : {true, false}) {
    run_both({.file = "kernels/attention.tile",
              .kernel = "attention",
              .settings = {{"D", "16"}, {"CAUSAL", is_causal ? "true" : "false"}},
              .tunes = query_tunes,
              .sizes = attention_sizes(),
              .fills = {{"start", {2, 3}}},
              .scalars = {{"scale", 0.5}},
              .reference = [=](Values& v) { forward(v, is_causal); },
              .tolerance = 2e-5,
              .wild = Wild::All});
  }
}

TEST_CASE("attention_row_sums") {
  run_row({.file = "kernels/attention.tile",
           .kernel = "attention_row_sums",
           .settings = {{"D", "16"}},
           .sizes = {{{"B", 2}, {"H", 2}, {"S", 5}, {"E", 16}},
                     {{"B", 1}, {"H", 1}, {"S", 1}, {"E", 3}}},
           .reference = [](Values& v) {
             const auto width = static_cast<std::size_t>(v.size("E"));
             for (std::size_t i = 0; i < v["g"].size(); ++i) {
               v["rows"][i / width] += v["g"][i] * v["o"][i];
             }
           }});
}

TEST_CASE("attention_query_gradient") {
  const auto reference = [](Values& v, bool is_causal) {
    const Attention a(v, is_causal);
    for (std::int64_t row = 0; row < static_cast<std::int64_t>(v["lse"].size()); ++row) {
      for (std::int64_t t = 0; t < a.used(row); ++t) {
        double score = 0, dp = 0;
        for (std::int64_t e = 0; e < a.width; ++e) {
          const auto transposed =
              static_cast<std::size_t>((a.key_head(row) * a.width + e) * a.keys + t);
          score += v["q"][a.query(row, e)] * v["kt"][transposed];
          dp += v["g"][a.query(row, e)] * v["vt"][transposed];
        }
        const auto r = static_cast<std::size_t>(row);
        const double ds = std::exp(score * a.scale - v["lse"][r]) * (dp - v["rows"][r]) * a.scale;
        for (std::int64_t e = 0; e < a.width; ++e) {
          v["dq"][a.query(row, e)] += ds * v["k"][a.key(row, t, e)];
        }
      }
    }
  };
  for (const bool is_causal : {true, false}) {
    run_both({.file = "kernels/attention.tile",
              .kernel = "attention_query_gradient",
              .settings = {{"D", "16"}, {"CAUSAL", is_causal ? "true" : "false"}},
              .tunes = query_tunes,
              .sizes = attention_sizes(),
              .fills = {{"start", {2, 3}}, {"lse", {3, 6}}},
              .scalars = {{"scale", 0.25}},
              .prepare = [](Values& v) { transpose(v, "kt", "k", "T"); },
              .reference = [=](Values& v) { reference(v, is_causal); },
              .tolerance = 1e-4,
              .wild = Wild::All});
  }
}

TEST_CASE("attention_key_gradient") {
  const auto reference = [](Values& v, bool is_causal) {
    const Attention a(v, is_causal);
    for (std::int64_t row = 0; row < static_cast<std::int64_t>(v["lse"].size()); ++row) {
      for (std::int64_t t = 0; t < a.used(row); ++t) {
        double score = 0, dp = 0;
        for (std::int64_t e = 0; e < a.width; ++e) {
          score += v["q"][a.query(row, e)] * v["k"][a.key(row, t, e)];
          dp += v["g"][a.query(row, e)] * v["v"][a.key(row, t, e)];
        }
        const auto r = static_cast<std::size_t>(row);
        const double p = std::exp(score * a.scale - v["lse"][r]);
        const double ds = p * (dp - v["rows"][r]) * a.scale;
        for (std::int64_t e = 0; e < a.width; ++e) {
          v["dk"][a.key(row, t, e)] += ds * v["q"][a.query(row, e)];
          v["dv"][a.key(row, t, e)] += p * v["g"][a.query(row, e)];
        }
      }
    }
  };
  for (const bool is_causal : {true, false}) {
    // gt and qt are g and q with the last two dimensions swapped.
    run_both({.file = "kernels/attention.tile",
              .kernel = "attention_key_gradient",
              .settings = {{"D", "16"}, {"CAUSAL", is_causal ? "true" : "false"}},
              .tunes = {{{"BK", "8"}}, {{"BK", "16"}}, {{"BK", "5"}}},
              .sizes = attention_sizes(),
              .fills = {{"start", {2, 3}}, {"lse", {3, 6}}},
              .scalars = {{"scale", 0.25}},
              .prepare =
                  [](Values& v) {
                    transpose(v, "qt", "q", "S");
                    transpose(v, "gt", "g", "S");
                  },
              .reference = [=](Values& v) { reference(v, is_causal); },
              .tolerance = 1e-4,
              .wild = Wild::All});
  }
}

}  // namespace
}  // namespace tile::harness
