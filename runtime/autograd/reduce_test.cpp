// Reductions beyond sum and mean, running sums, sorting and choosing: values worked out by hand or
// by plain loops; their gradients: gradients_test.cpp.
#include "runtime/autograd/reduce.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "tests/message_of.h"

namespace pg {
namespace {

using Floats = std::vector<float>;
using Ints = std::vector<std::int64_t>;

Tensor normal(const Shape& shape, std::uint64_t seed) {
  Generator generator(seed);
  return randn(shape, &generator);
}

Ints ints(const Tensor& x) { return x.to_vector<std::int64_t>(); }

TEST_CASE("var and std") {
  const Tensor x = tensor({{1, 2, 3, 6}, {0, 0, 0, 0}});
  CHECK(var(x, 1).to_vector<float>()[0] == doctest::Approx(14.0 / 3));
  CHECK(std::abs(x.std(1, 0).to_vector<float>()[0] - std::sqrt(3.5f)) < 1e-6f);
  CHECK(x.var({}, 1, true).shape() == Shape{1, 1});
  CHECK(std::isnan(var(tensor({1})).item()));
  const Tensor flat = zeros({4}).requires_grad_();
  flat.std().backward();
  CHECK(flat.grad().to_vector<float>() == Floats(4, 0.0f));
}

TEST_CASE("sums of integers and truth values") {
  CHECK(sum(arange(1001)).item<std::int64_t>() == 500500);
  CHECK(ints(sum(eq(arange(6).reshape({2, 3}), 4.0), 1)) == Ints{0, 1});
  CHECK(ints(sum(arange(0, 6, 1, DType::I32).reshape({2, 3}), 0, true)) == Ints{3, 5, 7});
  CHECK(arange(3).any().item<bool>());
  CHECK_FALSE(arange(3).all().item<bool>());
  CHECK_THROWS_WITH_AS(mean(arange(3)), "mean: does not take i64 tensors", Error);
}

TEST_CASE("max and min with indices") {
  const Tensor x = tensor({{1, 5, 5}, {7, 2, NAN}});
  const ValuesAndIndices best = max(x, 1);
  CHECK(best.values.to_vector<float>()[0] == 5);
  CHECK(std::isnan(best.values.to_vector<float>()[1]));
  CHECK(ints(best.indices) == Ints{1, 2});
  CHECK(x.min(0, true).values.shape() == Shape{1, 3});
  CHECK(ints(argmax(tensor({{1, 2}, {9, 3}}))) == Ints{2});
  const Tensor truth = from_bools({false, true, true, false, false, false}, {2, 3});
  CHECK(truth.amax(1).to_vector<bool>() == std::vector<bool>{true, false});
  CHECK(ints(truth.max(1).indices) == Ints{1, 0});
  CHECK_FALSE(truth.min().item<bool>());
  // One of two equals gets the gradient; amax shares it.
  const Tensor leaf = tensor({{1, 5, 5}}).requires_grad_();
  max(leaf, 1).values.backward();
  CHECK(leaf.grad().to_vector<float>() == Floats{0, 1, 0});
  leaf.zero_grad();
  max(leaf).backward();
  CHECK(leaf.grad().to_vector<float>() == Floats{0, 0.5f, 0.5f});
}

TEST_CASE("logsumexp and norm") {
  CHECK(logsumexp(tensor({1000, 1000}), 0).item() == doctest::Approx(1000 + std::log(2.0)));
  CHECK(logsumexp(tensor({-INFINITY, -INFINITY}), 0).item() == -INFINITY);
  CHECK(logsumexp(zeros({2, 0}), 1).to_vector<float>() == Floats(2, -INFINITY));
  CHECK(logsumexp(arange(2), 0).item() == doctest::Approx(std::log(1 + std::exp(1.0))));
  CHECK(norm(tensor({3, -4})).item() == 5.0);
  CHECK(norm(tensor({3, -4}), 1.0).item() == 7.0);
  CHECK(norm(tensor({3, -4}), INFINITY).item() == 4.0);
  CHECK(norm(tensor({3, -4}), 3.0).item() == doctest::Approx(std::cbrt(91.0)));
  for (double p : {2.0, 3.0}) {
    const Tensor zero = zeros({3}).requires_grad_();
    norm(zero, p).backward();
    CHECK(zero.grad().to_vector<float>() == Floats(3, 0.0f));
  }
  CHECK_THROWS_WITH_AS(norm(tensor({1}), 0.0), "norm: p is 0, not positive", Error);
}

TEST_CASE("what reductions refuse, in their own names") {
  const Tensor whole = arange(3);
  CHECK(message_of([&] { norm(whole); }) == "norm: does not take i64 tensors");
  CHECK(message_of([&] { norm(whole, 1.0); }) == "norm: does not take i64 tensors");
  CHECK(message_of([&] { norm(tensor({1}), 2.0, 1); }) ==
        "norm: axis 1 is out of range for 1 dimension");
  CHECK(message_of([&] { std(whole); }) == "std: does not take i64 tensors");
  CHECK(message_of([&] { var(tensor({1}), 1); }) == "var: axis 1 is out of range for 1 dimension");
  CHECK(message_of([&] { var(Tensor()); }) == "var: undefined tensor");
  CHECK(message_of([&] { logsumexp(whole, 1); }) ==
        "logsumexp: axis 1 is out of range for 1 dimension");
}

TEST_CASE("prod") {
  CHECK(prod(tensor({{1, 2}, {3, 4}}), 0).to_vector<float>() == Floats{3, 8});
  CHECK(prod(arange(1, 6)).item<std::int64_t>() == 120);
  CHECK(prod(zeros({2, 0}), 1).to_vector<float>() == Floats{1, 1});
  // A zero among the factors.
  const Tensor leaf = tensor({2, 0, 3}).requires_grad_();
  prod(leaf).backward();
  CHECK(leaf.grad().to_vector<float>() == Floats{0, 6, 0});
}

TEST_CASE("cumsum") {
  CHECK(cumsum(tensor({{1, 2, 3}, {4, 5, 6}}), 0).to_vector<float>() == Floats{1, 2, 3, 5, 7, 9});
  CHECK(ints(cumsum(gt(arange(5), 1.0), -1)) == Ints{0, 0, 1, 2, 3});
  for (std::int64_t n : {255, 256, 257, 1000}) {
    Ints expected(static_cast<std::size_t>(n));
    std::iota(expected.begin(), expected.end(), 0);
    std::partial_sum(expected.begin(), expected.end(), expected.begin());
    CHECK(ints(cumsum(arange(n), 0)) == expected);
    CHECK(ints(cumsum(arange(n).reshape({n, 1}).expand({n, 3}), 0).select(1, 2)) == expected);
  }
  CHECK(cumsum(zeros({0, 3}), 0).shape() == Shape{0, 3});
}

TEST_CASE("sort, argsort and topk") {
  const Tensor x = tensor({3, 1, NAN, 2, 1});
  const ValuesAndIndices up = sort(x);
  CHECK(ints(up.indices) == Ints{1, 4, 3, 0, 2});
  CHECK(std::isnan(up.values.to_vector<float>()[4]));
  CHECK(ints(argsort(x, 0, true)) == Ints{2, 0, 3, 1, 4});
  CHECK(ints(topk(x, 2, 0, false).indices) == Ints{1, 4});
  CHECK(sort(zeros({2, 0})).values.shape() == Shape{2, 0});
  CHECK(sort(from_bools({true, false}, {2})).values.to_vector<bool>() ==
        std::vector<bool>{false, true});
  for (std::int64_t n : {1, 2, 3, 255, 256, 257, 1000}) {
    Floats values = normal(n, static_cast<std::uint64_t>(n)).to_vector<float>();
    const Tensor rows = from_data(values, {1, n}).expand({2, n});
    const Tensor sorted = sort(rows.t(), 0).values;
    std::sort(values.begin(), values.end());
    CHECK(sorted.select(1, 1).to_vector<float>() == values);
    std::reverse(values.begin(), values.end());
    CHECK(sort(rows, 1, true).values.select(0, 0).to_vector<float>() == values);
  }
  CHECK_THROWS_WITH_AS(topk(x, 6), "topk: 6 of 5 elements", Error);
}

TEST_CASE("multinomial") {
  Generator generator(7);
  const Tensor weights = tensor({{0, 1, 3, 0}, {2, 0, 0, 0}});
  const Tensor drawn = multinomial(weights, 4000, true, &generator);
  CHECK(drawn.shape() == Shape{2, 4000});
  CHECK(sum(eq(drawn[1], 0.0)).item<std::int64_t>() == 4000);
  const Tensor threes = sum(eq(drawn[0], 2.0));
  CHECK(std::abs(threes.item() - 3000) < 100);
  CHECK(sum(eq(drawn[0], 1.0)).item() == 4000 - threes.item());
  // Without replacement every index once, the heavy ones first more often.
  const Tensor twice =
      multinomial(tensor({{0.1f, 0.9f, 0}}).expand({2000, 3}), 2, false, &generator);
  CHECK(sum(twice).item<std::int64_t>() == 2000);
  CHECK(std::abs(sum(twice.select(1, 0)).item() - 1800) < 60);
  Generator again(7);
  CHECK(ints(multinomial(weights, 4000, true, &again)) == ints(drawn));
  // A weight may be so small that its quotient by the noise rounds to 0.
  const Tensor smallest = tensor({{0, 1e-45, 0, 1}}).expand({200, 4});
  CHECK(sum(multinomial(smallest, 2, false, &generator)).item<std::int64_t>() == 200 * (1 + 3));
  CHECK_THROWS_AS(multinomial(tensor({1, -1}), 1), Error);
  CHECK_THROWS_AS(multinomial(tensor({3e38, 3e38}), 1), Error);
  CHECK_THROWS_AS(multinomial(tensor({0, 0}), 1), Error);
  CHECK_THROWS_WITH_AS(multinomial(tensor({1, 0}), 2),
                       "multinomial: 2 samples without replacement of 1 indices with a weight",
                       Error);
}

}  // namespace
}  // namespace pg
