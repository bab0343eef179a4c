// Rotary position embedding (kernels/rope.tile): pairs of features turn by an angle that grows with
// the position. One kernel for both conventions, which differ only in which features form a pair.
#pragma once

#include <span>

#include "runtime/tensor/tensor.h"

namespace pg::ops {

enum class RopeStyle : std::uint8_t {
  Interleaved,  // (0, 1), (2, 3), ...: llama2.c, Meta
  Halves,       // (0, D/2), (1, D/2 + 1), ...: Hugging Face
};

/// cos and sin of position * theta^(-2 i / D), [positions, D / 2], computed in double and rounded.
struct RopeTables {
  Tensor cos;
  Tensor sin;
};
RopeTables rope_tables(std::int64_t positions, std::int64_t head_size, double theta,
                       Device device = default_device());
/// The same with the frequency of each pair of features given, in radians a position.
RopeTables rope_tables(std::int64_t positions, std::span<const double> frequencies,
                       Device device = default_device());

/// x [B, S, H, D] (any strides), D even; row s has position start + s, start an i64 tensor with one
/// element (undefined: 0). Positions must be below the table's length (host check when start is
/// undefined).
Tensor rope(const Tensor& x, const RopeTables& tables, const Tensor& start, RopeStyle style);
/// The inverse rotation of g.
Tensor rope_backward(const Tensor& gradient, const RopeTables& tables, const Tensor& start,
                     RopeStyle style);

}  // namespace pg::ops
