// Launches as a whole: arguments, grids, program orders, strides and the speed that tests rely on.
#include "compiler/interpret/interpreter.h"

#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "compiler/interpret/test_kernels.h"

namespace tile::interpret {
namespace {

constexpr std::string_view vector_add =
    R"(kernel @add<B=4>(%a: tensor<f32>[N], %b: tensor<f32>[N], %c: out tensor<f32>[N])
grid {
  %g0 = dim %a axis=0 : i64
  %g1 = constant 3 : i64
  %g2 = add %g0, %g1 : i64
  %g3 = constant 4 : i64
  %g4 = div %g2, %g3 : i64
  yield %g4
}
body {
  %i = program_id axis=0 : i64
  %3 = constant 4 : i64
  %4 = mul %i, %3 : i64
  %zero = constant 0.0 : f32
  %5 = load %a[%4 +: 4 masked] fill %zero : f32[4]
  %6 = load %b[%4 +: 4 masked] fill %zero : f32[4]
  %7 = add %5, %6 : f32[4]
  store %c[%4 +: 4 masked] = %7
  yield
}
)";

TEST_CASE("vector add at every boundary size and program order") {
  for (std::size_t size : {0u, 1u, 3u, 4u, 5u, 17u}) {
    for (ProgramOrder order :
         {ProgramOrder::Ascending, ProgramOrder::Descending, ProgramOrder::Shuffled}) {
      std::vector<float> a(size), b(size), c(size, -1.0f);
      std::iota(a.begin(), a.end(), 0.5f);
      std::iota(b.begin(), b.end(), 10.0f);
      std::vector<std::uint8_t> defined(size, 0);
      TensorArgument out = tensor_of(c);
      out.defined = defined;
      run(vector_add, {tensor_of(a), tensor_of(b), out}, {.order = order});
      for (std::size_t i = 0; i < size; ++i) {
        CHECK_EQ(c[i], a[i] + b[i]);
        CHECK_EQ(defined[i], 1);
      }
    }
  }
}

TEST_CASE("strided and broadcast views") {
  std::vector<float> a = {1, -1, 2, -1, 3, -1, 4, -1, 5}, b = {10}, c(9, 0.0f);
  TensorArgument every_second = tensor_of(a);
  every_second.sizes = {5};
  every_second.strides = {2};
  TensorArgument same = tensor_of(b);
  same.sizes = {5};
  same.strides = {0};
  TensorArgument backwards{.data = &c[8], .sizes = {5}, .strides = {-2}, .defined = {}};
  run(vector_add, {every_second, same, backwards});
  CHECK_EQ(c, std::vector<float>{15, 0, 14, 0, 13, 0, 12, 0, 11});
}

TEST_CASE("the grid") {
  std::vector<float> a(9), b(9), c(9);
  const ir::Module module = module_of(vector_add);
  const std::vector<Argument> arguments = {tensor_of(a), tensor_of(b), tensor_of(c)};
  const auto extents = evaluate_grid(module, arguments);
  REQUIRE(extents.has_value());
  CHECK_EQ(*extents, std::vector<std::int64_t>{3});
}

TEST_CASE("bad launches name the argument") {
  using enum InterpretError::Kind;
  std::vector<float> a(9), b(8), c(9);
  CHECK_EQ(failure(vector_add, {tensor_of(a), tensor_of(b), tensor_of(c)}, BadArgument),
           "kernel `add`: argument `b`: size 8 of dimension 0 should be N = 9");
  CHECK_EQ(failure(vector_add, {tensor_of(a), tensor_of(c)}, BadArgument),
           "kernel `add`: 2 arguments where 3 are expected");
  CHECK_EQ(failure(vector_add, {tensor_of(a), 1.5, tensor_of(c)}, BadArgument),
           "kernel `add`: argument `b`: a tensor is expected");
  CHECK_EQ(failure(vector_add, {tensor_of(a, {3, 3}), tensor_of(b), tensor_of(c)}, BadArgument),
           "kernel `add`: argument `a`: rank 2 where 1 is expected");
}

/// 64 x 64 tiles: element-wise chains, and dots.
constexpr std::string_view busy =
    R"(kernel @busy(%x: tensor<f32>[64, 64], %y: out tensor<f32>[64, 64], %steps: i64)
grid {
  %g0 = constant 1 : i64
  yield %g0
}
body {
  %zero = constant 0 : i64
  %one = constant 1 : i64
  %fill = constant 0.0 : f32
  %x.1 = load %x[%zero +: 64, %zero +: 64] fill %fill : f32[64, 64]
  %r = for %k = %zero to %steps step %one carry (%v = %x.1) : f32[64, 64] {
    BODY
    yield %next
  }
  store %y[%zero +: 64, %zero +: 64] = %r
  yield
}
)";

/// Millions of tile elements (or, of dot, fused multiply-adds) a second.
double speed_of(std::string_view body, std::int64_t steps, double work_per_step) {
  std::string text(busy);
  text.replace(text.find("BODY"), 4, body);
  const ir::Module module = module_of(text);
  std::vector<float> x(64 * 64, 0.001f), y(64 * 64);
  const std::vector<Argument> arguments = {tensor_of(x, {64, 64}), tensor_of(y, {64, 64}),
                                           ir::Scalar::from_int(ir::ElementType::I64, steps)};
  const auto start = std::chrono::steady_clock::now();
  REQUIRE(interpret(module, arguments).has_value());
  const std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
  return static_cast<double>(steps) * work_per_step / time.count() / 1e6;
}

TEST_CASE("speed: large test suites depend on it") {
  const double elements = speed_of(
      "%a = mul %v, %x.1 : f32[64, 64]\n %b = add %a, %v : f32[64, 64]\n"
      "%c = max %a, %b : f32[64, 64]\n %next = fma %a, %b, %c : f32[64, 64]\n",
      2000, 4 * 4096);
  const double dots = speed_of("%next = dot fp32 %x.1, %v, %v : f32[64, 64]\n", 200, 64.0 * 4096);
  MESSAGE(fmt::format("{:.0f} M elements/s, {:.0f} M fma/s", elements, dots));
#ifdef NDEBUG
  // A tenth of what a free core does, so that a busy machine passes.
  CHECK(elements > 50);
  CHECK(dots > 100);
#endif
}

}  // namespace
}  // namespace tile::interpret
