// The fused ops of a transformer against plain loops in double, at boundary sizes; gradients
// against finite differences of those loops.
#include <doctest/doctest.h>

#include <functional>

#include "runtime/device/error.h"
#include "runtime/ops/activation.h"
#include "runtime/ops/embedding.h"
#include "runtime/ops/fill.h"
#include "runtime/ops/loss.h"
#include "runtime/ops/norm.h"
#include "runtime/ops/optimizer.h"
#include "runtime/ops/reduce.h"
#include "runtime/ops/rope.h"
#include "runtime/ops/test_support.h"

using namespace pg;
using namespace pg::ops;
using test::error;
using test::numeric_gradient;
using test::random;
using test::values;
using test::Values;

namespace {

Values rms_rows(const Values& x, const Values& w, double eps) {
  const std::size_t d = w.size();
  Values y(x.size());
  for (std::size_t r = 0; r * d < x.size(); ++r) {
    double total = 0;
    for (std::size_t i = 0; i < d; ++i) total += x[r * d + i] * x[r * d + i];
    const double s = 1 / std::sqrt(total / static_cast<double>(d) + eps);
    for (std::size_t i = 0; i < d; ++i) y[r * d + i] = x[r * d + i] * s * w[i];
  }
  return y;
}

Values softmax_rows(const Values& x, std::size_t n, bool log) {
  Values y(x.size());
  for (std::size_t r = 0; r < x.size(); r += n) {
    double total = 0;
    double largest = x[r];
    for (std::size_t i = 0; i < n; ++i) largest = std::max(largest, x[r + i]);
    for (std::size_t i = 0; i < n; ++i) total += std::exp(x[r + i] - largest);
    for (std::size_t i = 0; i < n; ++i) {
      y[r + i] = log ? x[r + i] - largest - std::log(total) : std::exp(x[r + i] - largest) / total;
    }
  }
  return y;
}

}  // namespace

TEST_CASE("rms_norm and its gradients") {
  for (std::int64_t d : {1, 5, 64, 255, 256, 257, 1000}) {
    const std::int64_t rows = d > 300 ? 2 : 5;
    const Tensor x = random({rows, d}, 1);
    const Tensor w = random({d}, 2);
    const Tensor g = random({rows, d}, 3);
    const RmsNormResult result = rms_norm(x, w, 1e-5f);
    INFO(d);
    CHECK(result.rstd.shape() == Shape{rows});
    CHECK(error(result.y, rms_rows(values(x), values(w), 1e-5)) < 1e-6);
    if (d > 64 || d == 1) continue;  // at 1 the gradient is all cancellation
    const RmsNormGradients back = rms_norm_backward(g, x, w, result.rstd);
    const auto of_x = [&](const Values& v) { return rms_rows(v, values(w), 1e-5); };
    const auto of_w = [&](const Values& v) { return rms_rows(values(x), v, 1e-5); };
    CHECK(error(back.x, numeric_gradient(of_x, values(x), values(g))) < 1e-5);
    CHECK(error(back.w, numeric_gradient(of_w, values(w), values(g))) < 1e-5);
  }
}

TEST_CASE("softmax, log_softmax and gradients over any axis") {
  for (std::int64_t n : {1, 2, 63, 64, 65, 300, 4096, 5000}) {
    const Tensor x = random({3, n}, static_cast<std::uint64_t>(n));
    INFO(n);
    CHECK(error(softmax(x, 1), softmax_rows(values(x), static_cast<std::size_t>(n), false)) < 1e-6);
    CHECK(error(log_softmax(x, -1), softmax_rows(values(x), static_cast<std::size_t>(n), true)) <
          1e-6);
    const Tensor t = view::transpose(x, 0, 1);
    CHECK(test::same_bits(softmax(t, 0), view::transpose(softmax(x, 1), 0, 1)));
    if (n > 65) continue;
    const Tensor g = random({3, n}, 9);
    for (bool log : {false, true}) {
      const auto f = [&](const Values& v) {
        return softmax_rows(v, static_cast<std::size_t>(n), log);
      };
      const Tensor y = log ? log_softmax(x, 1) : softmax(x, 1);
      const Tensor dx = log ? log_softmax_backward(g, y, 1) : softmax_backward(g, y, 1);
      CHECK(error(dx, numeric_gradient(f, values(x), values(g))) < 1e-5);
    }
  }
}

TEST_CASE("swiglu and its gradients") {
  const auto f = [](const Values& gate, const Values& up) {
    Values y(gate.size());
    for (std::size_t i = 0; i < y.size(); ++i) y[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
    return y;
  };
  for (std::int64_t n : {1, 17, 130}) {
    const Tensor gate = random({3, n}, 1);
    const Tensor up = random({3, n}, 2);
    const Tensor g = random({3, n}, 3);
    CHECK(error(swiglu(gate, up), f(values(gate), values(up))) < 1e-6);
    const SwigluGradients back = swiglu_backward(g, gate, up);
    const auto of_gate = [&](const Values& v) { return f(v, values(up)); };
    const auto of_up = [&](const Values& v) { return f(values(gate), v); };
    CHECK(error(back.gate, numeric_gradient(of_gate, values(gate), values(g))) < 1e-5);
    CHECK(error(back.up, numeric_gradient(of_up, values(up), values(g))) < 1e-5);
  }
}

TEST_CASE("embedding gathers, and its gradient is a chain in token order") {
  const Tensor table = random({7, 33}, 1);
  for (std::int64_t count : {1, 127, 128, 129, 500}) {
    std::vector<std::int64_t> ids(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int64_t>(i * i % 5);
    const Tensor rows = from_data(ids, {count});
    const Tensor y = embedding(table, rows);
    const Tensor g = random({count, 33}, 2);
    const Tensor dw = embedding_backward(g, rows, 7);
    const std::vector<float> found = y.to_vector<float>();
    const std::vector<float> entries = table.to_vector<float>();
    const std::vector<float> gradients = g.to_vector<float>();
    std::vector<float> expected(7 * 33, 0.0f);
    bool gathers = true;
    for (std::size_t t = 0; t < ids.size(); ++t) {
      for (std::size_t d = 0; d < 33; ++d) {
        const std::size_t v = static_cast<std::size_t>(ids[t]) * 33 + d;
        gathers = gathers && found[t * 33 + d] == entries[v];
        expected[v] += gradients[t * 33 + d];
      }
    }
    INFO(count);
    CHECK(gathers);
    CHECK(dw.to_vector<float>() == expected);
  }
  const Tensor small = from_data(std::vector<std::int32_t>{6, 0}, {1, 2});
  CHECK(embedding(table, small).shape() == Shape{1, 2, 33});
  CHECK_THROWS_WITH(embedding(table, from_data(std::vector<std::int32_t>{0, 7}, {2})),
                    "embedding: id 7 at position 1 is outside the table of 7 rows");
}

TEST_CASE("cross-entropy and its gradient") {
  for (std::int64_t classes : {1, 2, 65, 255, 256, 257, 1000}) {
    const Tensor x = random({4, classes}, static_cast<std::uint64_t>(classes));
    const std::vector<std::int64_t> ids{0, classes - 1, -100, classes / 2};
    const Tensor targets = from_data(ids, {4});
    const CrossEntropyResult result = cross_entropy_rows(x, targets);
    const Values log_p = softmax_rows(values(x), static_cast<std::size_t>(classes), true);
    Values expected(4);
    Values gradient(static_cast<std::size_t>(4 * classes));
    const Tensor g = tensor({0.5f, 1, 7, -2});
    for (std::size_t r = 0; r < 4; ++r) {
      if (ids[r] < 0) continue;
      expected[r] =
          -log_p[r * static_cast<std::size_t>(classes) + static_cast<std::size_t>(ids[r])];
      for (std::size_t v = 0; v < static_cast<std::size_t>(classes); ++v) {
        const std::size_t i = r * static_cast<std::size_t>(classes) + v;
        const double hot = v == static_cast<std::size_t>(ids[r]) ? 1 : 0;
        gradient[i] = (std::exp(log_p[i]) - hot) * values(g)[r];
      }
    }
    INFO(classes);
    CHECK(error(result.losses, expected) < 1e-6);
    CHECK(error(cross_entropy_backward(g, x, targets, result.lse), gradient) < 1e-6);
  }
  const Tensor x = random({2, 3, 5}, 1);
  const Tensor targets = from_data(std::vector<std::int32_t>{0, 1, 2, 3, 4, 0}, {2, 3});
  const CrossEntropyResult result = cross_entropy_rows(x, targets);
  CHECK(result.losses.shape() == Shape{2, 3});
  CHECK(cross_entropy_backward(full({}, 0.5), x, targets, result.lse).shape() == x.shape());
  CHECK_THROWS_WITH(cross_entropy_rows(x, full({2, 3}, 5, DType::I64)),
                    "cross_entropy: target 5 at position 0 is outside 5 classes");
}

TEST_CASE("rope turns pairs, in both conventions, and back") {
  const RopeTables tables = rope_tables(32, 10, 10000.0);
  for (RopeStyle style : {RopeStyle::Interleaved, RopeStyle::Halves}) {
    const Tensor x = random({2, 7, 3, 10}, 1);
    const Tensor start = scalar(std::int64_t{20});
    const Tensor y = rope(x, tables, start, style);
    Values expected(values(x).size());
    const Values v = values(x);
    for (std::size_t i = 0; i < v.size(); i += 10) {
      const double position = 20.0 + static_cast<double>(i / 30 % 7);
      for (std::size_t p = 0; p < 5; ++p) {
        const double angle = position * std::pow(10000.0, -2.0 * static_cast<double>(p) / 10);
        const std::size_t a = i + (style == RopeStyle::Interleaved ? 2 * p : p);
        const std::size_t b = style == RopeStyle::Interleaved ? a + 1 : a + 5;
        expected[a] = v[a] * std::cos(angle) - v[b] * std::sin(angle);
        expected[b] = v[a] * std::sin(angle) + v[b] * std::cos(angle);
      }
    }
    CHECK(error(y, expected) < 1e-6);
    CHECK(error(rope_backward(y, tables, start, style), v) < 1e-6);
    // One position at a time gives the same bits.
    const Tensor last = rope(view::narrow(x, 1, 6, 1), tables, scalar(std::int64_t{26}), style);
    CHECK(test::same_bits(last, view::narrow(y, 1, 6, 1)));
  }
  CHECK_THROWS_WITH(rope(random({1, 33, 1, 10}, 1), tables, {}, RopeStyle::Halves),
                    "rope: 33 positions, but the tables have 32");
}

TEST_CASE("adamw, sgd and the gradient norm") {
  const Tensor p = random({1000}, 1);
  const Tensor m = random({1000}, 2);
  const Tensor v = zeros({1000});
  const Tensor g = random({1000}, 3);
  Values p0 = values(p);
  Values m0 = values(m);
  const Tensor scalars = zeros({8});
  set_adamw_scalars(scalars, {.lr = 0.01, .weight_decay = 0.1}, 3);
  adamw_(p, m, v, g, scalars, full({}, 0.5));
  Values v0(1000);
  for (std::size_t i = 0; i < 1000; ++i) {
    const double gradient = values(g)[i] * 0.5;
    m0[i] = 0.9 * m0[i] + 0.1 * gradient;
    v0[i] = 0.001 * gradient * gradient;
    const double bias1 = 1 - std::pow(0.9, 3);
    const double bias2 = 1 - std::pow(0.999, 3);
    p0[i] = p0[i] * (1 - 0.001) - 0.01 / bias1 * m0[i] / (std::sqrt(v0[i] / bias2) + 1e-8);
  }
  CHECK(error(p, p0) < 1e-6);
  CHECK(error(m, m0) < 1e-6);
  CHECK(error(v, v0) < 1e-5);
  const Tensor rates = zeros({3});
  set_sgd_scalars(rates, {.lr = 0.1, .weight_decay = 0.2, .momentum = 0.9});
  sgd_(p, g, rates, {});
  for (std::size_t i = 0; i < 1000; ++i) p0[i] -= 0.1 * (values(g)[i] + 0.2 * p0[i]);
  CHECK(error(p, p0) < 1e-6);
  const std::vector<Tensor> gradients{tensor({3}), tensor({0, 4})};
  const GradientNorm norm = gradient_norm(gradients, 1.0f);
  CHECK(norm.norm.item<float>() == 5.0f);
  CHECK(norm.clip.item<float>() == 1.0f / (5.0f + 0.000001f));
  CHECK(gradient_norm(gradients, 0.0f).clip.item<float>() == 1.0f);
}
