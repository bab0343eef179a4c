// Kernels that a back end once got wrong, cut down from random ones.
#include <doctest/doctest.h>

#include "tests/kernels/harness.h"

namespace tile::harness {
namespace {

TEST_CASE("a scan along one element beside a reduction") {
  run_row({.file = R"(// The reduction's axis was taken for the scan's.
kernel beside(x: tensor<f32>[M, N], w: tensor<f32>[N], a: out tensor<f32>[M, N],
              d: out tensor<f32>[M, J])
  grid (M, ceil_div(N, 5))
{
  let (i, j) = program();
  a[i +: 1, j*5 +: 5] = cumsum(x[i +: 1, j*5 +: 5], 0);
  d[i, j] = reduce_max(w[j*5 +: 5]);
}
)",
           .kernel = "beside",
           .sizes = {{{"M", 2}, {"N", 10}, {"J", 2}}, {{"M", 3}, {"N", 7}, {"J", 2}}}});
}

TEST_CASE("custom combinations along one element beside a reduction") {
  run_row({.file = R"(// The same of kinds with a function.
fn decay(a: f32, b: f32) -> f32 { return a * 0.5 + b; }
kernel beside(x: tensor<f32>[M, N], w: tensor<f32>[N], a: out tensor<f32>[M, N],
              b: out tensor<f32>[M, N], d: out tensor<f32>[M, J])
  grid (M, ceil_div(N, 5))
{
  let (i, j) = program();
  let v = x[i +: 1, j*5 +: 5];
  a[i +: 1, j*5 +: 5] = scan<decay>(v, 0);
  b[i, j*5 +: 5] = reduce<decay>(v * 2.0, 0);
  d[i, j] = reduce_max(w[j*5 +: 5]);
}
)",
           .kernel = "beside",
           .sizes = {{{"M", 2}, {"N", 10}, {"J", 2}}, {{"M", 3}, {"N", 7}, {"J", 2}}}});
}

TEST_CASE("scans whose loops are not vectors") {
  run_row({.file = R"(// Combinations of scalars.
kernel scans(x: tensor<f32>[M, N], a: out tensor<f32>[M, N], b: out tensor<f32>[M, N])
  grid (1)
{
  let v = x[0 +: 19, 0 +: 1];
  a[0 +: 19, 0 +: 1] = cumsum(v, 0);
  b[0 +: 19, 0 +: 1] = cumprod(v, 0);
}
)",
           .kernel = "scans",
           .sizes = {{{"M", 19}, {"N", 1}}, {{"M", 7}, {"N", 1}}}});
}

// LLVM 22 for AVX-512 merged the select and the copysign into one instruction with the wrong table.
TEST_CASE("a select between a number and a number with its sign") {
  run_row({.file = R"(
kernel signs(first: i64, y: out tensor<i32>[N])
  grid (ceil_div(N, 256))
{
  let bits = i32(first + program() * 256 + iota<i64>[256]);
  let x = bitcast<f32>(bits);
  let root = cbrt(x);
  y[program() * 256 +: 256] = where(isnan(root), 0, bitcast<i32>(root) + bitcast<i32>(sinh(x)));
}
)",
           .kernel = "signs",
           .sizes = {{{"N", 64}}, {{"N", 300}}},
           .scalars = {{"first", 0}},
           .real_tolerance = 0,
           .wild = Wild::None});
}

}  // namespace
}  // namespace tile::harness
