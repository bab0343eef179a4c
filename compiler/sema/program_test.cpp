// Program's answers to the driver: kernels, compile-time parameters, instances, schedule arms,
// settings.
#include <doctest/doctest.h>

#include "compiler/sema/sema_test_util.h"

namespace tile::sema {
namespace {

constexpr std::string_view text = R"(
fn half(x: f32[...]) -> f32[...] { return x * 0.5; }
kernel map<tune B: int = 8, const W: int = 2, const N2: int = W * 2, const F: fn = half,
           const P: precision = tf32>(x: tensor<f32>[N, M], y: out tensor<f32>[N, M])
  grid (ceil_div(N, B))
{
  let i = program();
  static_assert(W > 0, "W is positive");
  if const P == fp32 { y[i*B +: B, 0 +: W] = x[i*B +: B, 0 +: W]; }
  else { y[i*B +: B, 0 +: N2] = F(x[i*B +: B, 0 +: N2]); }
}
schedule map on x86-64-v4 when N >= 64 && P == fp32 { B = 64; }
schedule map on x86-64-v3 when 16 < M && M % W == 0 { B = 32; blocks = 2; }
schedule map on sm_90 { B = 128; stages = 2; }
instantiate map<W = 4>;
instantiate map<F = sqrt, P = fp32>;
)";

TEST_CASE("compile-time parameters with their defaults") {
  Checked checked(text);
  auto constants = checked.program->constants("map");
  REQUIRE(constants.size() == 5);
  CHECK(constants[0].is_tune);
  CHECK(constants[0].kind == "int");
  CHECK(constants[2].default_text == "4");
  CHECK(constants[3].default_text == "half");
  CHECK(constants[4].kind == "precision");
  CHECK(checked.codes() == "");
}

TEST_CASE("instances are the lines") {
  Checked checked(text);
  auto instances = checked.program->instances("map");
  REQUIRE(instances.size() == 2);
  CHECK(instances[0].settings == Settings{{"W", "4"}});
  CHECK(instances[1].settings == Settings{{"F", "sqrt"}, {"P", "fp32"}});
}

TEST_CASE("arms: targets inherit, conditions on constants are decided") {
  Checked checked(text);
  auto tf32 = checked.program->schedules("map", "zen5", {});
  REQUIRE(tf32.size() == 2);
  CHECK(tf32[0].tune == Settings{{"B", "32"}});
  CHECK(tf32[0].machine == Settings{{"blocks", "2"}});
  REQUIRE(tf32[0].conditions.size() == 2);
  CHECK(tf32[0].conditions[0].relation == SizeCondition::Relation::Gt);
  CHECK(tf32[0].conditions[0].dimension == 1);
  CHECK(tf32[0].conditions[1].modulus == 2);
  CHECK(tf32[1].conditions.empty());
  auto fp32 = checked.program->schedules("map", "zen5", {{"P", "fp32"}});
  REQUIRE(fp32.size() == 3);
  CHECK(fp32[0].conditions.size() == 1);
  CHECK(checked.program->schedules("map", "x86-64-v3", {{"P", "fp32"}}).size() == 2);
  CHECK(checked.program->schedules("map", "sm_90", {}).size() == 1);
  CHECK(checked.program->schedules("map", "sm_90a", {})[0].machine.size() == 1);
  CHECK(checked.program->schedules("map", "cuda", {})[0].machine.empty());
}

TEST_CASE("later settings win; defaults follow earlier parameters") {
  Checked checked(text);
  auto module = checked.program->instantiate("map", {{"W", "4"}, {"B", "16"}, {"B", "2"}});
  REQUIRE(module);
  CHECK(module->functions[module->kernel].instance == "B=2, W=4, N2=8, F=half, P=tf32");
  CHECK(module->functions.size() == 2);
}

TEST_CASE("wrong settings give nothing") {
  Checked checked(text);
  CHECK(!checked.program->instantiate("map", {{"Q", "4"}}));
  CHECK(!checked.program->instantiate("nothing", {}));
  CHECK(!checked.program->instantiate("map", {{"W", "-1"}}));
  CHECK(checked.diagnostics.error_count() >= 3);
}

TEST_CASE("a mistake is reported once for all instances") {
  Checked checked(R"(
kernel k<const B: int>(y: out tensor<f32>[N]) grid (N) { y[program()] = unknown; }
instantiate k<B = 1>;
instantiate k<B = 2>;
)");
  CHECK(checked.codes() == "T0201:2");
}

TEST_CASE("the user's function hides the library's for the user's file alone") {
  Checked checked(R"(
fn half(x: f32) -> f32 { return x * 0.25; }
kernel k(y: out tensor<f32>[N]) grid (N) { y[program()] = half(1.0) + quarter(1.0); }
)",
                  R"(
fn half(x: f32) -> f32 { return x * 0.5; }
fn quarter(x: f32) -> f32 { return half(half(x)); }
)");
  std::string ir = checked.ir();
  CHECK(ir.contains("constant 0.25"));
  CHECK(ir.contains("constant 0.5"));
}

TEST_CASE("errors in one branch or argument do not cascade") {
  Checked checked(R"(
fn f(x: f32, n: i64) -> f32 {
  let a = missing(x);
  let (b, c) = a;
  var d = b + c * a;
  for i in 0..n { d = d + a; if d > 0.0 { break; } }
  if a > 0.0 { return d; }
  return a;
}
)");
  CHECK(checked.codes() == "T0202:3");
}

}  // namespace
}  // namespace tile::sema
