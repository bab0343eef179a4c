// See matmul_tensor_cores.h.
#include "runtime/ops/matmul_tensor_cores.h"

#include <algorithm>

#include "runtime/ops/checks.h"
#include "runtime/ops/copy.h"
#include "runtime/tensor/launch.h"

namespace pg::ops {

namespace {

constexpr std::int64_t tile = 128;             // rows and columns of matmul_split's tiles on sm_90
constexpr std::int64_t widest_square = 1024;   // columns up to which matmul's tiles are square
constexpr std::int64_t multiprocessors = 132;  // of an H100
constexpr std::int64_t shortest_share = 1024;  // k of a split: less would not pay for adding parts

/// TMA can fetch the matrix: one dimension contiguous, all else in multiples of 16 bytes.
bool suits_tma(const Tensor& x) {
  const int unit = x.stride(1) == 1 ? 1 : 0;
  return x.stride(unit) == 1 && x.stride(1 - unit) % 4 == 0 && x.size(unit) % 4 == 0 &&
         x.storage_offset() % 4 == 0;
}

/// The same matrix with its other dimension contiguous.
Tensor turned(const Tensor& x) {
  const Tensor copy = contiguous(x.stride(1) == 1 ? view::transpose(x, 0, 1) : x);
  return x.stride(1) == 1 ? view::transpose(copy, 0, 1) : copy;
}

/// How many shares of K keep all multiprocessors busy.
std::int64_t split_count(std::int64_t m, std::int64_t n, std::int64_t k) {
  const std::int64_t tiles = ((m + tile - 1) / tile) * ((n + tile - 1) / tile);
  return std::max<std::int64_t>(1, std::min(multiprocessors / tiles, k / shortest_share));
}

/// With only b's rows contiguous the product is computed transposed, b's side through registers:
/// that side should be the shorter one of the tiles, so the schedule's are turned.
const Kernel& turned_tiles() {
  static const Kernel kernel =
      builtin_kernel("matmul.tile", "matmul", {{"P", "tf32"}, {"BM", "256"}, {"BN", "128"}});
  return kernel;
}

Tensor multiply_split(const Tensor& a, const Tensor& b, std::int64_t splits) {
  static const Kernel part = builtin_kernel("matmul.tile", "matmul_split");
  static const Kernel sum = builtin_kernel("matmul.tile", "sum_splits");
  const Tensor parts = new_result("matmul", a, {splits, a.size(0), b.size(1)});
  launch(part, a, b, parts);
  const Tensor c = new_result("matmul", a, {a.size(0), b.size(1)});
  launch(sum, view::reshape(parts, {splits, c.numel()}), view::reshape(c, {c.numel()}));
  return c;
}

}  // namespace

Tensor multiply_on_tensor_cores(const Kernel& kernel, const Tensor& a, const Tensor& b) {
  Tensor left = a, right = b;
  // Where both sides have other dimensions than k contiguous, the smaller one is turned: that costs
  // little beside the product, which would run at half the speed.
  const bool is_long = a.size(0) >= tile && b.size(1) >= tile;
  if (is_long && a.stride(1) != 1 && b.stride(0) != 1 && suits_tma(a) && suits_tma(b)) {
    if (a.numel() < b.numel()) {
      if (a.size(1) % 4 == 0) left = turned(a);
    } else if (b.size(0) % 4 == 0) {
      right = turned(b);
    }
  }
  const std::int64_t splits = split_count(a.size(0), b.size(1), a.size(1));
  if (is_long && splits > 1) return multiply_split(left, right, splits);
  Tensor c = new_result("matmul", a, {a.size(0), b.size(1)});
  const bool is_turned = b.size(1) > widest_square && left.stride(1) == 1 && right.stride(0) != 1;
  launch(is_turned ? turned_tiles() : kernel, left, right, c);
  return c;
}

}  // namespace pg::ops
