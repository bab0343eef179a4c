// What can be proven in bounds loses its mask, what cannot keeps it. Each case shows the access as
// the pass leaves it.
#include "compiler/passes/remove_masks.h"

#include "compiler/passes/test_support.h"

namespace tile::passes {
namespace {

/// The lines with accesses in a kernel (%a: tensor<f32>[M, K], %v: tensor<f32>[N], %w:
/// tensor<f32>[256], %n: i64) with this grid and body; both may use %zero, %one and %c (64) of the
/// body.
std::string accesses(std::string_view grid, std::string_view body) {
  std::string text =
      "kernel @k(%a: tensor<f32>[M, K], %v: tensor<f32>[N], %w: tensor<f32>[256], "
      "%n: i64)\ngrid {\n";
  text += grid;
  text +=
      "}\nbody {\n%f = constant 0.0 : f32\n%zero = constant 0 : i64\n%one = constant 1 : i64\n"
      "%c = constant 64 : i64\n";
  text += body;
  text += "yield\n}\n";
  const std::string after = after_pass(remove_masks, text);
  std::string lines;
  for (std::size_t at = after.find("load"); at != std::string::npos;
       at = after.find("load", at + 1)) {
    lines += after.substr(at, after.find(" fill", at) - at) + "; ";
  }
  return lines;
}

constexpr std::string_view rows = "%e = dim %a axis=0 : i64\nyield %e\n";  // one program per row
// ceil_div(M, 64) by ceil_div(K, 64) programs.
constexpr std::string_view blocks =
    "%g0 = dim %a axis=0 : i64\n%g1 = constant 63 : i64\n%g2 = constant 64 : i64\n%g3 = add %g0, "
    "%g1 : i64\n"
    "%g4 = div %g3, %g2 : i64\n%g5 = dim %a axis=1 : i64\n%g6 = add %g5, %g1 : i64\n%g7 = div %g6, "
    "%g2 : i64\n"
    "yield %g4, %g7\n";

TEST_CASE("points: a program id against its extent, a constant against a constant") {
  CHECK_EQ(accesses(rows,
                    "%i = program_id axis=0 : i64\n"
                    "%0 = load %a[%i masked, %zero masked] fill %f : f32\n"),
           "load %a[%i, %zero masked]; ");
  CHECK_EQ(accesses(rows,
                    "%0 = load %w[%c masked] fill %f : f32\n"
                    "%1 = load %w[%c +: 192 masked] fill %f : f32[192]\n"
                    "%2 = load %w[%c +: 193 masked] fill %f : f32[193]\n"),
           "load %w[%c]; load %w[%c +: 192]; load %w[%c +: 193 masked]; ");
}

TEST_CASE("a size symbol is one value in all tensors; another is not") {
  const std::string_view grid = "%e = dim %v axis=0 : i64\nyield %e\n";
  CHECK_EQ(accesses(grid,
                    "%i = program_id axis=0 : i64\n"
                    "%0 = load %v[%i masked] fill %f : f32\n"
                    "%1 = load %w[%i masked] fill %f : f32\n"),
           "load %v[%i]; load %w[%i masked]; ");
}

TEST_CASE("loops") {
  CHECK_EQ(accesses(rows,
                    "%size = dim %v axis=0 : i64\nfor %k = %zero to %size step %one {\n"
                    "%0 = load %v[%k masked] fill %f : f32\n%kk = add %k, %one : i64\n"
                    "%1 = load %v[%kk masked] fill %f : f32\nyield\n}\n"),
           "load %v[%k]; load %v[%kk masked]; ");
  CHECK_EQ(accesses(rows,
                    "%last = constant 256 : i64\nfor %k = %zero to %last step %c {\n"
                    "%0 = load %w[%k +: 64 masked] fill %f : f32[64]\n"
                    "%1 = load %w[%k +: 65 masked] fill %f : f32[65]\nyield\n}\n"),
           "load %w[%k +: 64]; load %w[%k +: 65 masked]; ");
  // for b in 0..ceil_div(N, 64), for t in b * 64 .. min(b * 64 + 64, N)
  CHECK_EQ(accesses(rows,
                    "%size = dim %v axis=0 : i64\n%r = constant 63 : i64\n"
                    "%up = add %size, %r : i64\n%count = div %up, %c : i64\n"
                    "for %b = %zero to %count step %one {\n%lo = mul %b, %c : i64\n"
                    "%0 = load %v[%lo masked] fill %f : f32\n"
                    "%1 = load %v[%lo +: 64 masked] fill %f : f32[64]\n"
                    "%next = add %lo, %c : i64\n%hi = min %next, %size : i64\n"
                    "for %t = %lo to %hi step %one {\n"
                    "%2 = load %v[%t masked] fill %f : f32\nyield\n}\nyield\n}\n"),
           "load %v[%lo]; load %v[%lo +: 64 masked]; load %v[%t]; ");
}

TEST_CASE("blocks of a size that an assume makes divisible") {
  const std::string tiles =
      "%i = program_id axis=0 : i64\n%j = program_id axis=1 : i64\n%si = mul %i, %c : i64\n"
      "%sj = mul %j, %c : i64\n";
  const std::string divisible =
      "%k = dim %a axis=1 : i64\n%r = rem %k, %c : i64\n"
      "%e = compare eq %r, %zero : bool\nassume %e\n";
  const std::string load =
      "%0 = load %a[%si +: 64 masked, %sj +: 64 masked] fill %f : f32[64, 64]\n"
      "%1 = load %a[%si masked, %sj masked] fill %f : f32\n";
  CHECK_EQ(accesses(blocks, tiles + load),
           "load %a[%si +: 64 masked, %sj +: 64 masked]; load %a[%si, %sj]; ");
  CHECK_EQ(accesses(blocks, tiles + divisible + load),
           "load %a[%si +: 64 masked, %sj +: 64]; load %a[%si, %sj]; ");
}

TEST_CASE("assumptions and conditions bound scalars where they hold") {
  const std::string range =
      "%size = dim %v axis=0 : i64\n%end = add %n, %c : i64\n"
      "%low = compare ge %n, %zero : bool\n"
      "%high = compare le %end, %size : bool\n%both = and %low, %high : bool\n";
  const std::string load = "%0 = load %v[%n +: 64 masked] fill %f : f32[64]\n";
  CHECK_EQ(accesses(rows, load), "load %v[%n +: 64 masked]; ");
  CHECK_EQ(accesses(rows, range + "assume %both\n" + load), "load %v[%n +: 64]; ");
  CHECK_EQ(accesses(rows, range + "if %both {\n" + load +
                              "yield\n} else {\n%1 = load %v[%n +: 64 masked] fill %f : f32[64]\n"
                              "yield\n}\n%2 = load %v[%n +: 64 masked] fill %f : f32[64]\n"),
           "load %v[%n +: 64]; load %v[%n +: 64 masked]; load %v[%n +: 64 masked]; ");
  // Else of n < 0 || n >= N.
  CHECK_EQ(accesses(rows,
                    "%size = dim %v axis=0 : i64\n%low = compare lt %n, %zero : bool\n"
                    "%high = compare ge %n, %size : bool\n%out = or %low, %high : bool\n"
                    "if %out {\nyield\n} else {\n%0 = load %v[%n masked] fill %f : f32\n"
                    "yield\n}\n"),
           "load %v[%n]; ");
}

TEST_CASE("program ids taken apart by division") {
  // grid M * N: row = p / N, column = p % N.
  const std::string_view grid =
      "%m = dim %a axis=0 : i64\n%t = dim %v axis=0 : i64\n"
      "%e = mul %m, %t : i64\nyield %e\n";
  CHECK_EQ(accesses(grid,
                    "%p = program_id axis=0 : i64\n%s = dim %v axis=0 : i64\n"
                    "%row = div %p, %s : i64\n%column = rem %p, %s : i64\n"
                    "%0 = load %a[%row masked, %column masked] fill %f : f32\n"
                    "%1 = load %v[%column masked] fill %f : f32\n"),
           "load %a[%row, %column masked]; load %v[%column]; ");
  // grid 1024: p / 8 < 128, p % 8 < 8, p / 4 % 64 < 64.
  CHECK_EQ(
      accesses("%e = constant 1024 : i64\nyield %e\n",
               "%p = program_id axis=0 : i64\n%eight = constant 8 : i64\n"
               "%four = constant 4 : i64\n%q = div %p, %eight : i64\n%r = rem %p, %eight : i64\n"
               "%h = constant 128 : i64\n%sum = add %q, %h : i64\n"
               "%0 = load %w[%sum masked] fill %f : f32\n"
               "%x = constant 249 : i64\n%1 = add %r, %x : i64\n"
               "%2 = load %w[%1 masked] fill %f : f32\n"
               "%3 = div %p, %four : i64\n%4 = rem %3, %c : i64\n"
               "%5 = load %w[%4 +: 193 masked] fill %f : f32[193]\n"
               "%6 = load %w[%3 masked] fill %f : f32\n"
               "%7 = load %w[%p masked] fill %f : f32\n"),
      "load %w[%sum]; load %w[%1 masked]; load %w[%4 +: 193]; load %w[%3]; load %w[%p masked]; ");
}

TEST_CASE("gathers by computed indices; loaded indices stay masked") {
  CHECK_EQ(accesses(rows,
                    "%t = iota axis=0 : i64[64]\n%two = constant 3 : i64[64]\n"
                    "%s = mul %t, %two : i64[64]\n%u = broadcast %c : i64[64]\n"
                    "%x = add %s, %u : i64[64]\n"
                    "%0 = load %w[gather %x 64 masked] fill %f : f32[64]\n"
                    "%y = add %x, %two : i64[64]\n"
                    "%1 = load %w[gather %y 64 masked] fill %f : f32[64]\n"),
           "load %w[gather %x 64]; load %w[gather %y 64 masked]; ");
}

TEST_CASE("a condition's knowledge does not leak through values made before it") {
  // (n - 5) / 3 >= 0 only inside the branch, where it is used first.
  CHECK_EQ(accesses(rows,
                    "%five = constant -5 : i64\n%three = constant 3 : i64\n"
                    "%d = add %n, %five : i64\n%q = div %d, %three : i64\n"
                    "%low = compare ge %d, %zero : bool\n%h = constant 600 : i64\n"
                    "%high = compare lt %n, %h : bool\n%both = and %low, %high : bool\n"
                    "if %both {\n%0 = load %w[%q masked] fill %f : f32\nyield\n} else {\n"
                    "yield\n}\n%1 = load %w[%q masked] fill %f : f32\n")
               .substr(0, 40)
               .find("load %w[%q masked]; load %w[%q masked]"),
           0);
}

}  // namespace
}  // namespace tile::passes
