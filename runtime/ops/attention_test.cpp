// Attention against plain loops in double; decoding against prefill bit for bit.
#include "runtime/ops/attention.h"

#include <doctest/doctest.h>

#include <functional>

#include "runtime/ops/copy.h"
#include "runtime/ops/fill.h"
#include "runtime/ops/test_support.h"

using namespace pg;
using namespace pg::ops;
using test::error;
using test::numeric_gradient;
using test::random;
using test::values;
using test::Values;

namespace {

struct Sizes {
  std::size_t batch, queries, keys, heads, key_heads, size;
};

/// o [B, S, H, D] for the last S of T positions.
Values attend(const Sizes& n, const Values& q, const Values& k, const Values& v, double scale,
              bool causal) {
  Values o(q.size());
  for (std::size_t b = 0; b < n.batch; ++b) {
    for (std::size_t s = 0; s < n.queries; ++s) {
      for (std::size_t h = 0; h < n.heads; ++h) {
        const std::size_t end = causal ? n.keys - n.queries + s + 1 : n.keys;
        const std::size_t query = ((b * n.queries + s) * n.heads + h) * n.size;
        const auto key = [&](std::size_t t) {
          return ((b * n.keys + t) * n.key_heads + h / (n.heads / n.key_heads)) * n.size;
        };
        Values p(end);
        double largest = -INFINITY;
        for (std::size_t t = 0; t < end; ++t) {
          for (std::size_t d = 0; d < n.size; ++d) p[t] += q[query + d] * k[key(t) + d] * scale;
          largest = std::max(largest, p[t]);
        }
        double total = 0;
        for (double& x : p) total += x = std::exp(x - largest);
        for (std::size_t t = 0; t < end; ++t) {
          for (std::size_t d = 0; d < n.size; ++d) o[query + d] += p[t] / total * v[key(t) + d];
        }
      }
    }
  }
  return o;
}

struct Inputs {
  Tensor q, k, v;
};

Inputs inputs(const Sizes& n) {
  const auto i = [](std::size_t x) { return static_cast<std::int64_t>(x); };
  return {random({i(n.batch), i(n.queries), i(n.heads), i(n.size)}, 1),
          random({i(n.batch), i(n.keys), i(n.key_heads), i(n.size)}, 2),
          random({i(n.batch), i(n.keys), i(n.key_heads), i(n.size)}, 3)};
}

}  // namespace

TEST_CASE("forward at boundary sizes, grouped heads, causal and not") {
  const Sizes cases[] = {{1, 1, 1, 1, 1, 1},    {1, 1, 65, 2, 1, 8},   {2, 63, 63, 4, 2, 16},
                         {1, 64, 64, 2, 2, 5},  {1, 65, 65, 2, 1, 24}, {1, 7, 130, 3, 3, 64},
                         {1, 130, 130, 1, 1, 9}};
  for (const Sizes& n : cases) {
    const Inputs in = inputs(n);
    for (bool causal : {true, false}) {
      INFO(n.queries, " of ", n.keys, " causal ", causal);
      const AttentionResult result = attention(in.q, in.k, in.v, {}, 0.3f, causal);
      CHECK(error(result.o, attend(n, values(in.q), values(in.k), values(in.v), 0.3f, causal)) <
            2e-6);
    }
  }
}

TEST_CASE("gradients at boundary sizes") {
  const Sizes cases[] = {{1, 1, 1, 1, 1, 2}, {1, 5, 7, 4, 2, 3}, {2, 9, 9, 2, 1, 4}};
  for (const Sizes& n : cases) {
    const Inputs in = inputs(n);
    const Tensor g = random(in.q.shape(), 4);
    for (bool causal : {true, false}) {
      INFO(n.queries, " of ", n.keys, " causal ", causal);
      const AttentionResult result = attention(in.q, in.k, in.v, {}, 0.5f, causal);
      const AttentionGradients back =
          attention_backward(g, in.q, in.k, in.v, result, {}, 0.5f, causal);
      const Values q = values(in.q);
      const Values k = values(in.k);
      const Values v = values(in.v);
      const auto of_q = [&](const Values& x) { return attend(n, x, k, v, 0.5, causal); };
      const auto of_k = [&](const Values& x) { return attend(n, q, x, v, 0.5, causal); };
      const auto of_v = [&](const Values& x) { return attend(n, q, k, x, 0.5, causal); };
      CHECK(error(back.q, numeric_gradient(of_q, q, values(g))) < 1e-5);
      CHECK(error(back.k, numeric_gradient(of_k, k, values(g))) < 1e-5);
      CHECK(error(back.v, numeric_gradient(of_v, v, values(g))) < 1e-5);
    }
  }
}

TEST_CASE("one token at a time from a cache gives the bits of the whole sequence") {
  const Sizes n{1, 140, 140, 4, 2, 16};
  const Inputs in = inputs(n);
  const AttentionResult whole = attention(in.q, in.k, in.v, {}, 0.25f);
  // A cache with room to spare, where what is not written yet is poison.
  const Tensor k = full({1, 200, 2, 16}, NAN);
  const Tensor v = full({1, 200, 2, 16}, NAN);
  for (std::int64_t at = 0; at < 140;) {
    const std::int64_t count = at == 0 ? 3 : at < 60 ? 1 : 20;
    copy_(view::narrow(k, 1, at, count), view::narrow(in.k, 1, at, count));
    copy_(view::narrow(v, 1, at, count), view::narrow(in.v, 1, at, count));
    const AttentionResult part =
        attention(view::narrow(in.q, 1, at, count), k, v, scalar(at), 0.25f);
    INFO(at);
    CHECK(test::same_bits(part.o, view::narrow(whole.o, 1, at, count)));
    at += count;
    if (at + 20 > 140) break;
  }
}

TEST_CASE("a key that is not finite reaches only the rows that see it") {
  const Inputs in = inputs({1, 100, 100, 2, 1, 8});
  const AttentionResult clean = attention(in.q, in.k, in.v, {}, 0.3f);
  const Tensor k = clone(in.k);
  const Tensor v = clone(in.v);
  fill_(view::narrow(k, 1, 80, 1), NAN);
  fill_(view::narrow(v, 1, 80, 1), INFINITY);
  fill_(view::narrow(v, 1, 90, 1), NAN);
  const AttentionResult dirty = attention(in.q, k, v, {}, 0.3f);
  CHECK(test::same_bits(view::narrow(dirty.o, 1, 0, 80), view::narrow(clean.o, 1, 0, 80)));
  for (float x : dirty.o.to_vector<float>()) {
    if (std::isnan(x)) return;
  }
  FAIL("the rows behind it do not see it");
}

TEST_CASE("strided inputs, and errors") {
  const Tensor packed = random({2, 10, 3, 4, 8}, 1);  // q, k, v in one tensor
  const auto part = [&](std::int64_t i) { return view::select(packed, 2, i); };
  const AttentionResult strided = attention(part(0), part(1), part(2), {}, 0.3f);
  const AttentionResult plain = attention(clone(part(0)), clone(part(1)), clone(part(2)), {}, 0.3f);
  CHECK(test::same_bits(strided.o, plain.o));
  const Tensor q = random({1, 2, 3, 4}, 1);
  CHECK_THROWS_WITH(attention(q, random({1, 2, 2, 4}, 1), random({1, 2, 2, 4}, 1), {}, 1.0f),
                    "attention: 3 query heads do not share 2 key heads evenly");
  CHECK_THROWS_WITH(attention(q, random({1, 1, 3, 4}, 1), random({1, 1, 3, 4}, 1), {}, 1.0f),
                    "attention: 2 queries but only 1 keys");
}
