// Layers of networks, f32. Second derivatives go through the same function spelled with small
// recorded ops.
#pragma once

#include "runtime/ops/precision.h"
#include "runtime/ops/rope.h"
#include "runtime/tensor/random.h"
#include "runtime/tensor/tensor.h"

namespace pg {

/// e^x / sum(e^x) along one axis, and its logarithm.
Tensor softmax(const Tensor& x, int axis);
Tensor log_softmax(const Tensor& x, int axis);
/// silu(gate) * up, equal shapes.
Tensor swiglu(const Tensor& gate, const Tensor& up);
/// Rows of weight [V, D] by ids (i32 or i64, any shape): [ids.., D].
Tensor embedding(const Tensor& weight, const Tensor& ids);
/// x / sqrt(mean(x^2) + eps) * weight [D] over the last dimension.
Tensor rms_norm(const Tensor& x, const Tensor& weight, double eps);
/// (x - mean) / sqrt(var + eps) * weight + bias over the last dimension [D], var without
/// correction; weight and bias [D] or undefined.
Tensor layer_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {},
                  double eps = 1e-5);
/// While `training`: each element times 1 / (1 - p), or 0 with probability p; else x itself. The
/// numbers come from one step of `generator` (by default the global one) and are the same on every
/// device; no mask is stored.
Tensor dropout(const Tensor& x, double p = 0.5, bool training = true,
               Generator* generator = nullptr);
/// Rotates pairs of features of x [B, S, H, D] by angles of position start + s; see ops/rope.h.
Tensor rope(const Tensor& x, const ops::RopeTables& tables, const Tensor& start,
            ops::RopeStyle style);
/// q [B, S, H, D], k and v [B, T, HK, D]; grouped queries when HK < H; see ops/attention.h.
Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v, double scale,
                 bool causal = true, const Tensor& start = {},
                 Precision precision = Precision::Fp32);

}  // namespace pg
