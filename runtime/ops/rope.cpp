// See rope.h.
#include "runtime/ops/rope.h"

#include <cmath>
#include <vector>

#include "runtime/ops/checks.h"

namespace pg::ops {

namespace {

/// [B, S, H, D] as [B, S, H, D/2, 2], the last dimension running over the members of a pair.
Tensor as_pairs(const Tensor& x, RopeStyle style) {
  const std::int64_t pairs = x.size(3) / 2;
  Shape shape{x.size(0), x.size(1), x.size(2), pairs, 2};
  Strides strides{x.stride(0), x.stride(1), x.stride(2), x.stride(3), x.stride(3)};
  strides[style == RopeStyle::Interleaved ? 3 : 4] *= style == RopeStyle::Interleaved ? 2 : pairs;
  return view::as_strided(x, shape, strides, x.storage_offset());
}

Tensor rotate(const char* op, const Tensor& x, const RopeTables& tables, const Tensor& start,
              RopeStyle style, const Kernel& kernel) {
  check_f32(op, {&x, &tables.cos, &tables.sin});
  if (x.dim() != 4 || x.size(3) % 2 != 0) {
    fail(op, "expected [batch, positions, heads, even size], got {}", to_string(x.shape()));
  }
  const std::int64_t pairs = x.size(3) / 2;
  check_shape(op, "sin", tables.sin, tables.cos.shape());
  if (tables.cos.dim() != 2 || tables.cos.size(1) != pairs) {
    fail(op, "tables are {} for {} pairs of features", to_string(tables.cos.shape()), pairs);
  }
  if (!start.defined() && x.size(1) > tables.cos.size(0)) {
    fail(op, "{} positions, but the tables have {}", x.size(1), tables.cos.size(0));
  }
  Tensor y = new_result(op, x, x.shape());
  if (y.numel() == 0) return y;
  launch(kernel, as_pairs(x, style), tables.cos, tables.sin, start_tensor(op, start, 0, x),
         as_pairs(y, style));
  return y;
}

}  // namespace

RopeTables rope_tables(std::int64_t positions, std::int64_t head_size, double theta,
                       Device device) {
  if (positions < 0 || head_size < 2 || head_size % 2 != 0) {
    fail("rope_tables", "{} positions of head size {}", positions, head_size);
  }
  std::vector<double> frequencies;
  for (std::int64_t i = 0; i < head_size; i += 2) {
    frequencies.push_back(
        std::pow(theta, -static_cast<double>(i) / static_cast<double>(head_size)));
  }
  return rope_tables(positions, frequencies, device);
}

RopeTables rope_tables(std::int64_t positions, std::span<const double> frequencies, Device device) {
  if (positions < 0) fail("rope_tables", "{} positions", positions);
  const auto pairs = static_cast<std::int64_t>(frequencies.size());
  std::vector<double> cosines, sines;
  cosines.reserve(static_cast<std::size_t>(positions * pairs));
  sines.reserve(cosines.capacity());
  for (std::int64_t t = 0; t < positions; ++t) {
    for (const double frequency : frequencies) {
      cosines.push_back(std::cos(static_cast<double>(t) * frequency));
      sines.push_back(std::sin(static_cast<double>(t) * frequency));
    }
  }
  return {from_data(cosines, {positions, pairs}, device),
          from_data(sines, {positions, pairs}, device)};
}

Tensor rope(const Tensor& x, const RopeTables& tables, const Tensor& start, RopeStyle style) {
  static const Kernel kernel = builtin_kernel("rope.tile", "rope", {{"INVERSE", "false"}});
  return rotate("rope", x, tables, start, style, kernel);
}

Tensor rope_backward(const Tensor& gradient, const RopeTables& tables, const Tensor& start,
                     RopeStyle style) {
  static const Kernel kernel = builtin_kernel("rope.tile", "rope", {{"INVERSE", "true"}});
  return rotate("rope_backward", gradient, tables, start, style, kernel);
}

}  // namespace pg::ops
