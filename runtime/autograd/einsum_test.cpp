// Products in Einstein's notation, dot and outer, against products and sums spelled out.
#include <doctest/doctest.h>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"

namespace pg {
namespace {

Tensor normal(const Shape& shape, std::uint64_t seed) {
  Generator generator(seed);
  return randn(shape, &generator);
}

void check_close(const Tensor& found, const Tensor& expected) {
  REQUIRE(found.shape() == expected.shape());
  CHECK((found - expected).abs().max().item() < 1e-5);
}

TEST_CASE("einsum") {
  const Tensor a = normal({2, 3, 4}, 1);
  const Tensor b = normal({4, 5}, 2);
  const Tensor c = normal({2, 4, 5}, 3);
  check_close(einsum("bij,jk->bik", {a, b}), matmul(a, b));
  check_close(einsum("bij, bjk -> bki", {a, c}), matmul(a, c).transpose(1, 2));
  check_close(einsum("bij,bjk", {a, c}), matmul(a, c).sum(0));
  check_close(einsum("bij,jk->", {a, b}), matmul(a, b).sum());
  check_close(einsum("bij->jb", {a}), a.sum(1).t());
  check_close(einsum("bij,bij->b", {a, a}), (a * a).sum({1, 2}));
  check_close(einsum("ij,kl->ikjl", {b, b}),
              (b[Slice(), None, Slice(), None] * b[None, Slice(), None]));
  check_close(einsum("bij,bjk,ki->b", {a, c, normal({5, 3}, 4)}),
              (matmul(a, c) * normal({5, 3}, 4).t()).sum({1, 2}));
  const Tensor square = normal({3, 3}, 5);
  check_close(einsum("ii->i", {square}), square[arange(3), arange(3)]);
  check_close(einsum("ii", {square}), (square * eye(3)).sum());
  check_close(einsum("iji->j", {normal({2, 3, 2}, 6)}),
              normal({2, 3, 2}, 6)[0, Slice(), 0] + normal({2, 3, 2}, 6)[1, Slice(), 1]);
  check_close(dot(tensor({1, 2}), tensor({3, 4})), scalar(11.0f));
  check_close(outer(tensor({1, 2}), tensor({3, 4})), tensor({{3, 4}, {6, 8}}));
}

TEST_CASE("einsum with an ellipsis") {
  const Tensor a = normal({2, 1, 3, 4}, 1);
  const Tensor b = normal({6, 4, 5}, 2);
  check_close(einsum("...ij,...jk->...ik", {a, b}), matmul(a, b));
  check_close(einsum("...ij,...jk", {a, b}), matmul(a, b));
  check_close(einsum("...ij,...jk->ki", {a, b}), matmul(a, b).sum({0, 1}).t());
  check_close(einsum("i...,i...->...i", {b, b}), (b * b).permute({1, 2, 0}));
  check_close(einsum("...,...", {normal({3}, 3), scalar(2.0f)}), normal({3}, 3) * 2.0);
  check_close(einsum("ij...->...", {b}), b.sum({0, 1}));
  check_close(einsum("...j,jk->k...", {normal({4}, 4), b[0]}), matmul(normal({4}, 4), b[0]));
}

TEST_CASE("what einsum refuses") {
  const Tensor a = normal({2, 3}, 1);
  CHECK_THROWS_WITH_AS(einsum("ij,jk->ik", {a, a}), "einsum: `j` is 3 and 2", Error);
  CHECK_THROWS_WITH_AS(einsum("ij->ik", {a}), "einsum: `k` of the result is in no operand", Error);
  CHECK_THROWS_WITH_AS(einsum("ij->ii", {a}), "einsum: `i` stands twice in the result", Error);
  CHECK_THROWS_WITH_AS(einsum("ijk->i", {a}),
                       "einsum: operand 0 is f32 [2, 3], its labels are `ijk`", Error);
  CHECK_THROWS_WITH_AS(einsum("ij,jk->ik", {a}), "einsum: 1 operands for 2 in the equation", Error);
  CHECK_THROWS_WITH_AS(einsum("i..->i", {a}), "einsum: `.` at position 1 of `i..->i`", Error);
  CHECK_THROWS_WITH_AS(einsum("...i...", {a}), "einsum: `.` at position 4 of `...i...`", Error);
  CHECK_THROWS_WITH_AS(einsum("ijk...->i", {a}),
                       "einsum: operand 0 is f32 [2, 3], its labels are `ijk...`", Error);
  CHECK_THROWS_WITH_AS(einsum("...i,...j->...", {a, normal({3, 3}, 1)}),
                       "einsum: shapes [2] and [3] do not broadcast: sizes 2 and 3 differ", Error);
  CHECK_THROWS_WITH_AS(outer(a, a), "outer: f32 [2, 3] and f32 [2, 3] are no vectors", Error);
}

}  // namespace
}  // namespace pg
