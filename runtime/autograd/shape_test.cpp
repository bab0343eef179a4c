// Shape functions that copy or split, and how element types meet.
#include "runtime/autograd/shape.h"

#include <doctest/doctest.h>

#include <cmath>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"

namespace pg {
namespace {

using Floats = std::vector<float>;
using Ints = std::vector<std::int64_t>;

Tensor counted(const Shape& shape) { return arange(element_count("test", shape)).reshape(shape); }

Ints ints(const Tensor& x) { return x.to_vector<std::int64_t>(); }

TEST_CASE("parts") {
  const Tensor x = counted({5, 2});
  const Tensors parts = split(x, {2, 3});
  CHECK(ints(parts[1]) == Ints{4, 5, 6, 7, 8, 9});
  CHECK(parts[1].shares_storage(x));
  CHECK(chunk(x, 3).back().shape() == Shape{1, 2});
  CHECK(chunk(x, 4).size() == 3);
  CHECK(x.unbind(1).size() == 2);
  CHECK(ints(x.unbind(1)[1]) == Ints{1, 3, 5, 7, 9});
  // Of no elements.
  const Tensor none = zeros({2, 0});
  CHECK(split(none, 3, 1).size() == 1);
  CHECK(split(none, 3, 1)[0].shape() == Shape{2, 0});
  CHECK(chunk(none, 3, 1).size() == 3);
  CHECK(unbind(none, 1).empty());
  CHECK(chunk(x, INT64_MAX).size() == 5);
  CHECK(split(x, INT64_MAX).size() == 1);
  CHECK_THROWS_WITH_AS(split(x, {2, 2}), "split: the sizes [2, 2] do not add up to 5", Error);
  CHECK_THROWS_WITH_AS(split(x, {6, -1}), "split: the sizes [6, -1] do not add up to 5", Error);
}

TEST_CASE("repeat, flip, roll and triangles") {
  const Tensor x = counted({2, 3});
  CHECK(ints(x.repeat({1, 2})) == Ints{0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5});
  CHECK(x.repeat({2, 1, 3}).shape() == Shape{2, 2, 9});
  CHECK(x.repeat({0, 1}).shape() == Shape{0, 3});
  CHECK(ints(flip(x, {0, 1})) == Ints{5, 4, 3, 2, 1, 0});
  CHECK(ints(flip(x.t(), 0)) == Ints{2, 5, 1, 4, 0, 3});
  CHECK(ints(roll(x, 1, -1)) == Ints{2, 0, 1, 5, 3, 4});
  CHECK(ints(roll(x, -7)) == Ints{1, 2, 3, 4, 5, 0});
  CHECK(ints(tril(x)) == Ints{0, 0, 0, 3, 4, 0});
  CHECK(ints(triu(x, 1)) == Ints{0, 1, 2, 0, 0, 5});
  CHECK(ints(tril(x.t(), -1)) == Ints{0, 0, 1, 0, 2, 5});
  CHECK(tril(eq(x, x)).to_vector<bool>() ==
        std::vector<bool>{true, false, false, true, true, false});
  CHECK(ints(counted({1, 2, 1}).squeeze()) == Ints{0, 1});
  CHECK(counted({1, 2, 1}).squeeze().dim() == 1);
  CHECK(eye(2, 3).to_vector<float>() == Floats{1, 0, 0, 0, 1, 0});
  // Of more dimensions than half of what there may be.
  const Tensor deep = counted({1, 2, 1, 2, 1, 1, 1, 1}).repeat({2, 1, 1, 2, 1, 3, 1, 2});
  CHECK(deep.shape() == Shape{2, 2, 1, 4, 1, 3, 1, 2});
  CHECK(ints(deep[1, 1, 0, Slice(), 0, 2, 0, 1]) == Ints{2, 3, 2, 3});
  CHECK_FALSE(x.repeat({1, 1}).shares_storage(x));
  CHECK_FALSE(tensor({1, 2}).repeat({3, 1}).shares_storage(x));
  CHECK_THROWS_WITH_AS(x.repeat({1, INT64_MAX}), "repeat: [1, 9223372036854775807] times [2, 3]",
                       Error);
  CHECK_THROWS_AS(x.repeat({INT64_MAX / 2, INT64_MAX / 3}), Error);
  CHECK_THROWS_WITH_AS(x.repeat({2, -1}), "repeat: [2, -1] times [2, 3]", Error);
  CHECK_THROWS_WITH_AS(x.repeat({2}), "repeat: 1 counts for 2 dimensions", Error);
  CHECK_THROWS_WITH_AS(tril(counted({3})), "tril: needs at least two dimensions, the shape is [3]",
                       Error);
}

TEST_CASE("element types meet as in PyTorch") {
  const Tensor whole = arange(3);
  const Tensor narrow = arange(0, 3, 1, DType::I32);
  const Tensor real = tensor({0.5, 1.5, 2.5});
  const Tensor truth = gt(whole, 0.0);
  CHECK((whole + real).to_vector<float>() == Floats{0.5f, 2.5f, 4.5f});
  CHECK((whole + narrow).dtype() == DType::I64);
  CHECK((truth * real).to_vector<float>() == Floats{0, 1.5f, 2.5f});
  CHECK((whole * 2.0).dtype() == DType::I64);
  CHECK((whole * 0.5).to_vector<float>() == Floats{0, 0.5f, 1});
  CHECK((whole / 2.0).to_vector<float>() == Floats{0, 0.5f, 1});
  CHECK((whole / whole).dtype() == DType::F32);
  CHECK((1.0 / narrow).dtype() == DType::F32);
  CHECK((truth + 1.0).dtype() == DType::I64);
  CHECK(exp(narrow).dtype() == DType::F32);
  CHECK(neg(narrow).dtype() == DType::I32);
  CHECK((whole == real).dtype() == DType::Bool);
  CHECK((1.5 < whole).to_vector<bool>() == std::vector<bool>{false, false, true});
  CHECK(where(truth, real, whole).to_vector<float>() == Floats{0, 1.5f, 2.5f});
  CHECK(((!truth) | (whole == 2.0)).to_vector<bool>() == std::vector<bool>{true, false, true});
  CHECK(cat({truth, narrow, whole}).dtype() == DType::I64);
  CHECK(stack({narrow, real}).to_vector<float>() == Floats{0, 1, 2, 0.5f, 1.5f, 2.5f});
  CHECK_THROWS_WITH_AS(stack({narrow, narrow.unsqueeze(0)}),
                       "stack: the shapes [3] and [1, 3] differ", Error);
  CHECK_THROWS_WITH_AS(stack(Tensors{}), "stack: no tensors", Error);
  const Tensor leaf = tensor({1, 2, 3}).requires_grad_();
  cat({whole, leaf}).sum().backward();
  CHECK(leaf.grad().to_vector<float>() == Floats{1, 1, 1});
  leaf.zero_grad();
  (leaf * whole).sum().backward();
  CHECK(leaf.grad().to_vector<float>() == Floats{0, 1, 2});
}

TEST_CASE("numbers in rows, and chosen at random") {
  CHECK(arange(0.0, 1.0, 0.25).to_vector<float>() == Floats{0, 0.25f, 0.5f, 0.75f});
  CHECK(arange(1, 0, -0.5).to_vector<float>() == Floats{1, 0.5f});
  CHECK(ints(arange(3)) == Ints{0, 1, 2});
  CHECK(linspace(-1, 1, 5).to_vector<float>() == Floats{-1, -0.5f, 0, 0.5f, 1});
  CHECK(linspace(0, 0.1, 1).to_vector<float>() == Floats{0});
  CHECK(linspace(0, 0.1, 7).to_vector<float>()[6] == 0.1f);
  CHECK(ints(arange(INT64_MAX - 1, INT64_MAX, 5)) == Ints{INT64_MAX - 1});
  CHECK(ints(arange(5, 0, -2)) == Ints{5, 3, 1});
  CHECK(arange(3, 3).numel() == 0);
  CHECK(ints(arange(INT64_MIN, INT64_MAX, INT64_C(1) << 62)) ==
        Ints{INT64_MIN, -(INT64_C(1) << 62), 0, INT64_C(1) << 62});
  CHECK_THROWS_WITH_AS(arange(INT64_C(2147483646), INT64_C(2147483650), 1, DType::I32),
                       "arange: 2147483648 is not an i32", Error);
  CHECK_THROWS_WITH_AS(arange(0.0, 1.0, 0.0), "arange: the step is 0", Error);
  CHECK_THROWS_WITH_AS(arange(INT64_MIN, INT64_MAX, 1),
                       "arange: from -9223372036854775808 to 9223372036854775807 by 1 is too long",
                       Error);
  CHECK_THROWS_WITH_AS(arange(0.0, 1e30), "arange: from 0 to 1e+30 by 1 is too long", Error);
  CHECK_THROWS_WITH_AS(linspace(0, 1, -1), "linspace: -1 steps", Error);
  Generator generator(3);
  const Ints drawn = ints(randint(-2, 3, {1000}, &generator));
  for (std::int64_t value = -2; value < 3; ++value) {
    CHECK(std::abs(std::count(drawn.begin(), drawn.end(), value) - 200) < 50);
  }
  CHECK(ints(randperm(100, &generator).max().reshape({1})) == Ints{99});
  CHECK(ints(sort(randperm(100, &generator)).values) == ints(arange(100)));
  CHECK(ints(randperm(100, &generator)) != ints(arange(100)));
  CHECK_THROWS_WITH_AS(randint(3, 3, {1}), "randint: no integers from 3 to below 3", Error);
}

}  // namespace
}  // namespace pg
