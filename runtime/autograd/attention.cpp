// Recorded attention (functions.h) and its definition in small ops, which tests compare with and
// second derivatives go through.
#include "runtime/ops/attention.h"

#include <limits>

#include "runtime/autograd/composite.h"
#include "runtime/device/error.h"

namespace pg {

using autograd::record;
using autograd::VjpCall;

namespace {

/// [B, T, HK, D] to [B, H, T, D]: each key head serves H / HK query heads.
Tensor heads_first(const Tensor& x, std::int64_t heads) {
  const Tensor y = transpose(x, 1, 2);
  const std::int64_t own = y.size(1);
  if (own == heads) return y;
  const Tensor repeated =
      expand(unsqueeze(y, 2), {y.size(0), own, heads / own, y.size(2), y.size(3)});
  return reshape(repeated, {y.size(0), heads, y.size(2), y.size(3)});
}

Tensor spelled_out_attention(const Tensors& in, double scale, bool causal, const Tensor& start,
                             Precision precision) {
  const std::int64_t heads = in[0].size(2);
  const Device device = in[0].device();
  const std::int64_t queries = in[0].size(1);
  const std::int64_t keys = in[1].size(1);
  Tensor scores =
      matmul(heads_first(in[0], heads), transpose(heads_first(in[1], heads), -2, -1), precision) *
      scale;
  if (causal) {
    const Tensor first = start.defined() ? start : scalar(keys - queries, device);
    const Tensor query = arange(0, queries, 1, DType::I64, device) + reshape(first, {1});
    const Tensor visible = le(arange(0, keys, 1, DType::I64, device), unsqueeze(query, 1));
    scores = where(visible, scores, -std::numeric_limits<double>::infinity());
  }
  return transpose(matmul(softmax(scores, -1), heads_first(in[2], heads), precision), 1, 2);
}

}  // namespace

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, double scale, bool causal,
                 const Tensor& start, Precision precision) {
  const ops::AttentionResult result = ops::attention(q, k, v, start, scale, causal, precision);
  return record("attention", result.o, {&q, &k, &v}, {&q, &k, &v, &result.o, &result.lse},
                [scale, causal, start, precision](const VjpCall& call) -> Tensors {
                  const Tensors in = {call.saved(0), call.saved(1), call.saved(2)};
                  if (grad_enabled()) {
                    return autograd::differentiate(call, in, [&](const Tensors& inputs) {
                      return spelled_out_attention(inputs, scale, causal, start, precision);
                    });
                  }
                  const ops::AttentionResult saved{.o = call.saved(3), .lse = call.saved(4)};
                  ops::AttentionGradients found = ops::attention_backward(
                      call.gradient(), in[0], in[1], in[2], saved, start, scale, causal, precision);
                  return {std::move(found.q), std::move(found.k), std::move(found.v)};
                });
}

}  // namespace pg
