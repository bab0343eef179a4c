// Element-wise functions where PyTorch's rules decide: types of results, numbers beside tensors,
// remainders, truth values, closeness. Gradients: gradients_test.cpp, functions_test.cpp.
#include "runtime/autograd/elementwise.h"

#include <doctest/doctest.h>

#include <cmath>

#include "runtime/autograd/functions.h"
#include "tests/message_of.h"

namespace pg {
namespace {

using Bools = std::vector<bool>;
using Floats = std::vector<float>;
using Ints = std::vector<std::int64_t>;

Floats floats(const Tensor& x) { return x.to_vector<float>(); }
Ints ints(const Tensor& x) { return x.to_vector<std::int64_t>(); }
Bools bools(const Tensor& x) { return x.to_vector<bool>(); }

TEST_CASE("clamp of integers") {
  const Tensor x = tensor_of<std::int64_t>({-5, 0, 5});
  CHECK(ints(clamp(x, -2.0, INFINITY)) == Ints{-2, 0, 5});
  CHECK(ints(clamp(x, -INFINITY, 2.0)) == Ints{-5, 0, 2});
  CHECK(floats(clamp(x, -INFINITY, 2.5)) == Floats{-5, 0, 2.5f});
  const Tensor unbounded = clamp(x, -INFINITY, INFINITY);
  CHECK(ints(unbounded) == ints(x));
  CHECK_FALSE(unbounded.shares_storage(x));
  CHECK(ints(clamp(gt(x, 0.0), 0.0, 1.0)) == Ints{0, 0, 1});
  CHECK(floats(clamp(tensor({-1, NAN, 1}), 0.0, INFINITY))[2] == 1.0f);
  const Tensor narrow = tensor_of<std::int32_t>({1});
  CHECK(message_of([&] { clamp(narrow, 0.0, 1e12); }) == "clamp: 1000000000000 is not an i32");
  CHECK(message_of([&] { clamp(x, 2.0, 1.0); }) == "clamp: the bounds 2 and 1 are not in order");
  CHECK(message_of([&] { clamp(Tensor(), 0.0, 1.0); }) == "clamp: undefined tensor");
  CHECK(message_of([&] { x.clamp_(0.0, 0.5); }) ==
        "clamp_: the result f32 [3] does not fit i64 [3]");
}

TEST_CASE("numbers in where and masked_fill") {
  const Tensor x = tensor_of<std::int64_t>({1, 2, 3});
  const Tensor odd = eq(x % 2.0, 1.0);
  CHECK(floats(where(odd, x, 0.5)) == Floats{1, 0.5f, 3});
  CHECK(floats(where(odd, -INFINITY, x)) == Floats{-INFINITY, 2, -INFINITY});
  CHECK(ints(where(odd, 7.0, x)) == Ints{7, 2, 7});
  CHECK(ints(where(odd, odd, 4.0)) == Ints{1, 4, 1});
  CHECK(where(odd, tensor({1, 2, 3}), 4.0).dtype() == DType::F32);
  CHECK(ints(x.masked_fill(odd, 0.0)) == Ints{0, 2, 0});
  CHECK(bools(odd.masked_fill(odd, 0.0)) == Bools{false, false, false});
  CHECK(message_of([&] { x.masked_fill(odd, 0.5); }) == "masked_fill: 0.5 is not an i64");
  CHECK(message_of([&] { x.masked_fill(x, 0.0); }) == "masked_fill: the mask is i64 [3], not bool");
  CHECK(message_of([&] { x.masked_fill(expand(odd, {2, 3}), 0.0); }) ==
        "masked_fill: the mask [2, 3] does not broadcast to [3]");
  CHECK(message_of([&] { where(odd, tensor_of<std::int32_t>({1, 2, 3}), 1e12); }) ==
        "where: 1000000000000 is not an i32");
}

TEST_CASE("fill refuses what its type cannot hold") {
  for (const double value : {1e30, -1e30, HUGE_VAL, 0.5, 9223372036854775808.0}) {
    CAPTURE(value);
    CHECK(message_of([&] { zeros({1}, DType::I64).fill_(value); }).starts_with("fill_: "));
  }
  CHECK(message_of([] { full({1}, 2147483648.0, DType::I32); }) ==
        "full: 2147483648 is not an i32");
  CHECK(ints(full({1}, -9223372036854775808.0, DType::I64)) == Ints{INT64_MIN});
}

TEST_CASE("remainders have the left or the right operand's sign") {
  const Tensor a = tensor_of<std::int64_t>({7, -7, 7, -7, 6});
  const Tensor b = tensor_of<std::int64_t>({3, 3, -3, -3, -3});
  CHECK(ints(fmod(a, b)) == Ints{1, -1, 1, -1, 0});
  CHECK(ints(remainder(a, b)) == Ints{1, 2, -2, -1, 0});
  CHECK(ints(a % 3.0) == Ints{1, 2, 1, 2, 0});
  CHECK(floats(fmod(a, b * 0.5)) == Floats{1, -1, 1, -1, 0});
  CHECK(floats(remainder(a, b * 0.5)) == Floats{1, 0.5f, -0.5f, -1, 0});
  CHECK(std::isnan((tensor({1}) % 0.0).item()));
}

TEST_CASE("integers that stay integers") {
  const Tensor x = tensor_of<std::int32_t>({-3, 0, 4});
  CHECK(sign(x).to_vector<std::int32_t>() == std::vector<std::int32_t>{-1, 0, 1});
  CHECK(relu(x).to_vector<std::int32_t>() == std::vector<std::int32_t>{0, 0, 4});
  for (const auto function : {floor, ceil, round, trunc}) {
    CHECK(function(x).to_vector<std::int32_t>() == std::vector<std::int32_t>{-3, 0, 4});
    CHECK_FALSE(function(x).shares_storage(x));
  }
  CHECK(floats(trunc(tensor({-1.5, 1.5, 1e30}))) == Floats{-1, 1, 1e30f});
}

TEST_CASE("truth values and bits") {
  const Tensor x = tensor({0, 2, NAN});
  const Tensor y = tensor_of<std::int64_t>({0, 0, 6});
  CHECK(bools(logical_and(x, y)) == Bools{false, false, true});
  CHECK(bools(logical_or(x, y)) == Bools{false, true, true});
  CHECK(bools(logical_xor(x, y)) == Bools{false, true, false});
  CHECK(bools(logical_not(x)) == Bools{true, false, false});
  CHECK(bools(!y) == Bools{true, true, false});
  CHECK(ints(y & 3.0 * ones_like(y)) == Ints{0, 0, 2});
  CHECK(ints(bitwise_or(y, 1.0)) == Ints{1, 1, 7});
  CHECK(ints(y ^ y) == Ints{0, 0, 0});
  CHECK(ints(~y) == Ints{-1, -1, -7});
  CHECK(message_of([&] { x & y; }) == "bitwise_and: does not take f32 tensors");
  CHECK(message_of([&] { logical_and(x, zeros({2})); }) ==
        "logical_and: shapes [3] and [2] do not broadcast: sizes 3 and 2 differ");
}

TEST_CASE("what is finite, and what is close") {
  const Tensor x = tensor({1, NAN, INFINITY, -INFINITY});
  CHECK(bools(isnan(x)) == Bools{false, true, false, false});
  CHECK(bools(isinf(x)) == Bools{false, false, true, true});
  CHECK(bools(isfinite(x)) == Bools{true, false, false, false});
  CHECK_FALSE(isnan(arange(2)).any().item<bool>());
  CHECK(bools(isclose(x, tensor({1.000001, NAN, INFINITY, INFINITY}))) ==
        Bools{true, false, true, false});
  CHECK(allclose(arange(3), tensor({0, 1, 2})));
  CHECK_FALSE(allclose(tensor({1}), tensor({1.1})));
  CHECK(allclose(tensor({1}), tensor({1.1}), 0.1));
  CHECK(equal(arange(3), arange(3)));
  CHECK_FALSE(equal(arange(3), arange(3).unsqueeze(0)));
  CHECK_FALSE(equal(tensor({NAN}), tensor({NAN})));
  CHECK(floats(pow(2.0, tensor({-1, 0, 3}))) == Floats{0.5f, 1, 8});
}

}  // namespace
}  // namespace pg
