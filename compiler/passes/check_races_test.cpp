// Kernels that are free of races, in the ways kernels are, and kernels that are not, with the
// messages.
#include "compiler/passes/check_races.h"

#include "compiler/passes/test_support.h"

namespace tile::passes {
namespace {

/// The judgment on a kernel (%x: tensor<i64>[N], %c: out tensor<f32>[M, K], %v: out tensor<f32>[N],
/// %y: inout tensor<f32>[N], %s: out tensor<f32>[]). %p and %q are the program ids (one axis: only
/// %p); constants %c0, %c1, %c3, %c4, %c32, %c64; sizes %m, %k, %n; tiles %t1: f32[64], %t2:
/// f32[64, 64].
std::string judge(std::string_view grid, std::string_view body) {
  std::string text =
      "kernel @k(%x: tensor<i64>[N], %c: out tensor<f32>[M, K], %v: out tensor<f32>[N], "
      "%y: inout tensor<f32>[N], %s: out tensor<f32>[])\ngrid {\n"
      "%gm = dim %c axis=0 : i64\n%gk = dim %c axis=1 : i64\n%gn = dim %v axis=0 : i64\n"
      "%g63 = constant 63 : i64\n%g64 = constant 64 : i64\n%g1 = constant 1 : i64\n"
      "%gm63 = add %gm, %g63 : i64\n%gmb = div %gm63, %g64 : i64\n"
      "%gk63 = add %gk, %g63 : i64\n%gkb = div %gk63, %g64 : i64\n%gmk = mul %gm, %gk : "
      "i64\nyield ";
  text += grid;
  text += "\n}\nbody {\n%p = program_id axis=0 : i64\n";
  if (grid.find(',') != std::string_view::npos) text += "%q = program_id axis=1 : i64\n";
  for (int constant : {0, 1, 3, 4, 32, 64}) {
    text +=
        "%c" + std::to_string(constant) + " = constant " + std::to_string(constant) + " : i64\n";
  }
  text +=
      "%m = dim %c axis=0 : i64\n%k = dim %c axis=1 : i64\n%n = dim %v axis=0 : i64\n"
      "%f = constant 0.0 : f32\n%t1 = constant 0.0 : f32[64]\n%t2 = constant 0.0 : f32[64, 64]\n";
  text += body;
  text += "yield\n}\n";
  const ir::Module module = read_verified(text);
  std::string result;
  for (const RaceProblem& problem : check_races(module.functions[module.kernel])) {
    const std::string name = "`" + problem.tensor + "`";
    result += problem.is_read
                  ? "a program may read an element of " + name + " that another program writes"
                  : "two programs may write the same element of " + name;
    for (const RaceProblem::Note& note : problem.notes) result += "; " + note.text;
    result += "\n";
  }
  return result.empty() ? "free" : result;
}

TEST_CASE("rows and blocks") {
  CHECK_EQ(judge("%gn", "store %v[%p] = %f\n"), "free");
  CHECK_EQ(judge("%gm, %gk", "store %c[%p, %q] = %f\n"), "free");
  CHECK_EQ(judge("%gk, %gm", "store %c[%q, %p] = %f\n"), "free");
  CHECK_EQ(judge("%gmb, %gkb",
                 "%i = mul %p, %c64 : i64\n%j = mul %q, %c64 : i64\n"
                 "store %c[%i +: 64, %j +: 64] = %t2\n"),
           "free");
  CHECK_EQ(
      judge("%gmb, %gkb",
            "%i = mul %p, %c32 : i64\n%j = mul %q, %c64 : i64\n"
            "store %c[%i +: 64, %j +: 64] = %t2\n"),
      "two programs may write the same element of `c`; program axis 0 (`p`) moves index 0 by 32 "
      "per program, but the access covers 64 elements\n");
  CHECK_EQ(
      judge("%gmb, %gkb", "%i = mul %p, %c64 : i64\nstore %c[%i +: 64, %c0 +: 64] = %t2\n"),
      "two programs may write the same element of `c`; program axis 1 (`q`) does not appear in "
      "the index\n");
}

TEST_CASE("a grid of one program may write anything") {
  CHECK_EQ(judge("%g1", "store %s[] = %f\nstore %v[%c0 +: 64] = %t1\n"), "free");
  CHECK_EQ(
      judge("%gn", "store %s[] = %f\n"),
      "two programs may write the same element of `s`; program axis 0 (`p`) does not appear in "
      "the index\n");
}

TEST_CASE("loops inside a program") {
  // for i in 0..ceil_div(K, 64): c[p, i * 64 +: 64]
  const std::string loop =
      "%k63 = add %k, %c64 : i64\n%kb = div %k63, %c64 : i64\n"
      "for %i = %c0 to %kb step %c1 {\n%j = mul %i, %c64 : i64\n";
  CHECK_EQ(judge("%gm", loop + "store %c[%p, %j +: 64] = %t1\nyield\n}\n"), "free");
  // for i in p * 4 .. p * 4 + 4 (or + 5)
  const std::string rows =
      "%lo = mul %p, %c4 : i64\n%hi = add %lo, %c4 : i64\n"
      "%far = add %hi, %c1 : i64\n";
  CHECK_EQ(judge("%gn", rows + "for %i = %lo to %hi step %c1 {\nstore %v[%i] = %f\nyield\n}\n"),
           "free");
  CHECK_NE(judge("%gn", rows + "for %i = %lo to %far step %c1 {\nstore %v[%i] = %f\nyield\n}\n"),
           "free");
  // for i in p .. N step 4 on a grid of 4: interleaved rows; and on a grid of N.
  const std::string stride = "for %i = %p to %n step %c4 {\nstore %v[%i] = %f\nyield\n}\n";
  CHECK_NE(judge("%gn", stride), "free");
}

TEST_CASE("several axes in one dimension, and one axis in several") {
  // v[p * K + q], q < K
  CHECK_EQ(judge("%gm, %gk", "%0 = mul %p, %k : i64\n%1 = add %0, %q : i64\nstore %v[%1] = %f\n"),
           "free");
  CHECK_NE(judge("%gm, %gk", "%0 = mul %p, %m : i64\n%1 = add %0, %q : i64\nstore %v[%1] = %f\n"),
           "free");
  // c[p / K, p % K] on a grid of M * K
  CHECK_EQ(judge("%gmk", "%0 = div %p, %k : i64\n%1 = rem %p, %k : i64\nstore %c[%0, %1] = %f\n"),
           "free");
  CHECK_EQ(
      judge("%gmk", "%0 = div %p, %k : i64\nstore %c[%0, %c0] = %f\n"),
      "two programs may write the same element of `c`; program axis 0 (`p`) enters index 0 in a "
      "way that may give two programs one index\n");
  // c[p / 4 * 3 + (p % 4), 0] overlaps, c[p / 4 * 4 + p % 4, 0] does not.
  const std::string digits = "%0 = div %p, %c4 : i64\n%1 = rem %p, %c4 : i64\n";
  CHECK_EQ(
      judge("%gm", digits + "%2 = mul %0, %c4 : i64\n%3 = add %2, %1 : i64\nstore %v[%3] = %f\n"),
      "free");
  CHECK_NE(
      judge("%gm", digits + "%2 = mul %0, %c3 : i64\n%3 = add %2, %1 : i64\nstore %v[%3] = %f\n"),
      "free");
  // c[(p / 4) * 4 + 3 - p % 4]: digits in reverse.
  CHECK_EQ(judge("%gm", digits + "%2 = mul %0, %c4 : i64\n%3 = add %2, %c3 : i64\n"
                                 "%4 = sub %3, %1 : i64\nstore %v[%4] = %f\n"),
           "free");
}

TEST_CASE("two stores of one kernel may collide with each other") {
  CHECK_EQ(
      judge("%gn", "%0 = add %p, %c1 : i64\nstore %v[%p] = %f\nstore %v[%0] = %f\n"),
      "two programs may write the same element of `v`; program axis 0 (`p`) moves index 0 by 1 "
      "per program, which does not keep it apart from the other access; the other access is "
      "here\n");
  CHECK_EQ(judge("%gn",
                 "%0 = mul %p, %c4 : i64\n%1 = add %0, %c3 : i64\nstore %v[%0] = %f\n"
                 "store %v[%1] = %f\n"),
           "free");
}

TEST_CASE("inout tensors are read where the same program writes") {
  const std::string load = "%0 = load %y[%p] fill %f : f32\n";
  CHECK_EQ(judge("%gn", load + "store %y[%p] = %0\n"), "free");
  CHECK_EQ(
      judge("%gn", load + "%1 = sub %n, %p : i64\n%2 = sub %1, %c1 : i64\nstore %y[%2] = %0\n"),
      "a program may read an element of `y` that another program writes; program axis 0 (`p`) "
      "moves index 0 by 1 per program, which does not keep it apart from the other access; the "
      "other access is here\n");
  CHECK_EQ(
      judge("%gn", load + "%1 = mul %p, %c64 : i64\nstore %y[%1 +: 64] = %t1\n"),
      "a program may read an element of `y` that another program writes; program axis 0 (`p`) "
      "moves index 0 by 1 per program, which does not keep it apart from the other access; the "
      "other access is here\n");
  CHECK_EQ(judge("%gn",
                 "%1 = mul %p, %c64 : i64\n%2 = add %1, %c3 : i64\n"
                 "%0 = load %y[%2] fill %f : f32\nstore %y[%1 +: 64] = %t1\n"),
           "free");
}

TEST_CASE("an index that was loaded proves nothing, one program under a condition does") {
  CHECK_NE(judge("%gn", "%0 = load %x[%p] fill %c0 : i64\nstore %v[%0] = %f\n"), "free");
  CHECK_EQ(judge("%gn",
                 "%0 = load %x[%c0] fill %c0 : i64\n%1 = add %0, %p : i64\n"
                 "store %v[%1] = %f\n"),
           "free");
  CHECK_EQ(judge("%gn",
                 "%0 = compare eq %p, %c3 : bool\nif %0 {\nstore %s[] = %f\nyield\n} else {\n"
                 "yield\n}\n"),
           "free");
  CHECK_NE(judge("%gn",
                 "%0 = compare ge %p, %c3 : bool\nif %0 {\nstore %s[] = %f\nyield\n} else {\n"
                 "yield\n}\n"),
           "free");
}

TEST_CASE("scatter: the elements of a tile of indices are unrelated unless they are computed") {
  const std::string tile =
      "%t = iota axis=0 : i64[64]\n%e = mul %p, %c64 : i64\n"
      "%b = broadcast %e : i64[64]\n%i = add %b, %t : i64[64]\n";
  CHECK_EQ(judge("%gn", tile + "store %v[gather %i 64] = %t1\n"), "free");
  CHECK_NE(judge("%gn",
                 "%t = iota axis=0 : i64[64]\n%b = broadcast %p : i64[64]\n"
                 "%i = add %b, %t : i64[64]\nstore %v[gather %i 64] = %t1\n"),
           "free");
  CHECK_NE(judge("%gn",
                 "%t = iota axis=0 : i64[64]\n%r = permute %t order=[0] : i64[64]\n"
                 "%b = broadcast %p : i64[64]\n%i = add %b, %r : i64[64]\n"
                 "store %v[gather %i 64] = %t1\n"),
           "free");
}

TEST_CASE("select, min and max of indices") {
  CHECK_EQ(judge("%gn",
                 "%0 = mul %p, %c4 : i64\n%t = compare lt %p, %n : bool\n"
                 "%1 = select %t, %c0, %c3 : i64\n%2 = add %0, %1 : i64\n"
                 "store %v[%2] = %f\n"),
           "free");
  CHECK_NE(judge("%gn",
                 "%0 = mul %p, %c3 : i64\n%t = compare lt %p, %n : bool\n"
                 "%1 = select %t, %c0, %c3 : i64\n%2 = add %0, %1 : i64\n"
                 "store %v[%2] = %f\n"),
           "free");
  CHECK_NE(judge("%gn", "%0 = min %p, %c3 : i64\nstore %v[%0] = %f\n"), "free");
}

}  // namespace
}  // namespace tile::passes
