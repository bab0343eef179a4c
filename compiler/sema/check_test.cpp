// The check phase on whole kernels: the printed IR of the language's sketches, and that it
// verifies.
#include "compiler/sema/check.h"

#include <doctest/doctest.h>

#include "compiler/ir/verifier.h"
#include "compiler/sema/sema_test_util.h"

namespace tile::sema {
namespace {

constexpr std::string_view vector_add = R"(
kernel vector_add<tune B: int = 1024>(a: tensor<f32>[N], b: tensor<f32>[N], c: out tensor<f32>[N])
  grid (ceil_div(N, B))
{
  let i = program();
  c[i * B +: B] = a[i * B +: B] + b[i * B +: B];
}
)";

constexpr std::string_view matmul = R"(
kernel matmul<tune BM: int, tune BN: int, tune BK: int, const P: precision = fp32>(
    a: tensor<f32>[M, K], b: tensor<f32>[K, N], c: out tensor<f32>[M, N])
  grid (ceil_div(M, BM), ceil_div(N, BN))
{
  let (i, j) = program();
  var acc = zeros<f32>[BM, BN];
  for k in 0..ceil_div(K, BK) {
    acc = dot(a[i*BM +: BM, k*BK +: BK], b[k*BK +: BK, j*BN +: BN], acc, P);
  }
  c[i*BM +: BM, j*BN +: BN] = acc;
}
schedule matmul on sm_90 { BM = 128; BN = 256; BK = 32; stages = 4; }
schedule matmul on zen5 when M <= 8 && K % 4 == 0 { BM = 8; BN = 256; BK = 128; }
schedule matmul on zen5  { BM = 256; BN = 256; BK = 128; }
)";

constexpr std::string_view rmsnorm = R"(
kernel rmsnorm<const B: int>(x: tensor<f32>[R, D], w: tensor<f32>[D], eps: f32,
                             y: out tensor<f32>[R, D], rstd: out tensor<f32>[R])
  grid (R)
{
  let r = program();
  let v = x[r, 0 +: B];
  let s = rsqrt(sum(v * v) / f32(D) + eps);
  y[r, 0 +: B] = v * s * w[0 +: B];
  rstd[r] = s;
}
instantiate rmsnorm<B = 256>;
)";

TEST_CASE("vector add") {
  Checked checked(vector_add);
  CHECK(checked.ir({{"B", "8"}}) ==
        R"(kernel @vector_add<B=8>(%a: tensor<f32>[N], %b: tensor<f32>[N], %c: out tensor<f32>[N])
grid {
  %N = dim %a axis=0 : i64
  %0 = constant 7 : i64
  %1 = add %N, %0 : i64
  %2 = constant 8 : i64
  %3 = div %1, %2 : i64
  yield %3
}
body {
  %N.1 = dim %a axis=0 : i64
  %i = program_id axis=0 : i64
  %4 = constant 8 : i64
  %5 = mul %i, %4 : i64
  %6 = constant 8 : i64
  %7 = mul %i, %6 : i64
  %8 = constant 0.0 : f32
  %9 = load %a[%7 +: 8 masked] fill %8 : f32[8]
  %10 = constant 8 : i64
  %11 = mul %i, %10 : i64
  %12 = constant 0.0 : f32
  %13 = load %b[%11 +: 8 masked] fill %12 : f32[8]
  %14 = add %9, %13 : f32[8]
  store %c[%5 +: 8 masked] = %14
  yield
}
)");
  CHECK(checked.codes() == "");
}

TEST_CASE("matmul: schedules and instances") {
  Checked checked(matmul);
  CHECK(checked.codes() == "");
  std::string text = checked.ir();
  CHECK(text.contains("%acc.1 = for %k = %8 to %12 step %13 carry (%acc.2 = %acc) : f32[64, 64]"));
  CHECK(text.contains("dot fp32"));
  auto arms = checked.program->schedules("matmul", "zen5", {});
  REQUIRE(arms.size() == 2);
  CHECK(arms[0].conditions.size() == 2);
  CHECK(arms[0].conditions[1].modulus == 4);
  CHECK(arms[1].tune == Settings{{"BM", "256"}, {"BN", "256"}, {"BK", "128"}});
  CHECK(checked.program->schedules("matmul", "x86-64-v3", {}).size() == 1);
  CHECK(checked.program->instances("matmul").size() == 1);
}

TEST_CASE("rmsnorm with a library function") {
  Checked checked(rmsnorm, "fn rsqrt(x: f32[...]) -> f32[...] { return 1.0 / sqrt(x); }");
  CHECK(checked.codes() == "");
  CHECK(checked.program->instances("rmsnorm")[0].settings == Settings{{"B", "256"}});
  std::string text = checked.ir({{"B", "256"}});
  CHECK(text.contains("rsqrt"));
  CHECK(text.contains("reduce sum"));
}

}  // namespace
}  // namespace tile::sema
