// Scaled dot-product attention with streaming softmax (kernels/attention.tile): no S x T matrix in
// memory. Keys are taken in blocks of 64 counted from key 0 (NUMERICS rule 6), so decoding one
// token at a time gives the bits of the whole sequence at once.
#pragma once

#include "runtime/ops/precision.h"
#include "runtime/tensor/tensor.h"

namespace pg::ops {

struct AttentionResult {
  Tensor o;    // [B, S, H, D], packed
  Tensor lse;  // [B, H, S]: log of the sum of exp(scores), saved for the backward pass
};

/// q [B, S, H, D], k and v [B, T, HK, D] with H a multiple of HK, any strides; f32. Query s has
/// position start + s (start: an i64 tensor with one element; undefined means T - S) and sees keys
/// 0 .. start + s; without `causal` it sees all T keys. k and v may be caches of capacity T: keys
/// at or after start + S are never used, whatever they hold. `scale` multiplies the scores, usually
/// 1 / sqrt(D). D <= 256. In tf32 (for heads of at least 16
/// elements; smaller ones are computed in fp32) also exp is approximate, and what a row must not
/// see may reach it where it is infinite or NaN.
AttentionResult attention(const Tensor& q, const Tensor& k, const Tensor& v, const Tensor& start,
                          double scale, bool causal = true, Precision precision = Precision::Fp32);

struct AttentionGradients {
  Tensor q, k, v;  // packed, shapes of the inputs
};
AttentionGradients attention_backward(const Tensor& gradient, const Tensor& q, const Tensor& k,
                                      const Tensor& v, const AttentionResult& result,
                                      const Tensor& start, double scale, bool causal = true,
                                      Precision precision = Precision::Fp32);

}  // namespace pg::ops
