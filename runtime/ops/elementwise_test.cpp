// Element-wise ops against plain loops: broadcasting, strides, element types, boundary sizes,
// errors.
#include "runtime/ops/elementwise.h"

#include <doctest/doctest.h>

#include "runtime/device/error.h"
#include "runtime/ops/copy.h"
#include "runtime/ops/fill.h"
#include "runtime/ops/test_support.h"
#include "tests/message_of.h"

using namespace pg;
using namespace pg::ops;
using test::random;

namespace {

/// Element [i...] of x under `shape`, as broadcasting sees it.
float at(const Tensor& x, const Shape& shape, std::int64_t flat) {
  std::int64_t offset = 0;
  for (int d = shape.size(); d-- > 0;) {
    const std::int64_t index = flat % shape[d];
    flat /= shape[d];
    const int own = d - (shape.size() - x.dim());
    if (own >= 0 && x.shape()[own] != 1) offset += index * x.strides()[own];
  }
  return x.data_ptr<float>()[offset];
}

bool adds_like_a_loop(const Tensor& a, const Tensor& b) {
  const Tensor y = add(a, b);
  const std::vector<float> found = y.to_vector<float>();
  const Tensor left = to_device(a, cpu_device);
  const Tensor right = to_device(b, cpu_device);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto flat = static_cast<std::int64_t>(i);
    if (found[i] != at(left, y.shape(), flat) + at(right, y.shape(), flat)) return false;
  }
  return y.is_contiguous() && found.size() == static_cast<std::size_t>(y.numel());
}

}  // namespace

TEST_CASE("packed operands of boundary sizes") {
  for (std::int64_t n : {0, 1, 2, 15, 16, 17, 31, 97, 1023, 1024, 1025, 8191, 8192, 8193, 100003}) {
    CHECK(adds_like_a_loop(random({n}, 1), random({n}, 2)));
  }
}

TEST_CASE("broadcasting and strides") {
  CHECK(adds_like_a_loop(random({5, 7}, 1), random({7}, 2)));
  CHECK(adds_like_a_loop(random({5, 1}, 1), random({1, 7}, 2)));
  CHECK(adds_like_a_loop(random({3, 1, 5}, 1), random({4, 1}, 2)));
  CHECK(adds_like_a_loop(random({}, 1), random({2, 3}, 2)));
  CHECK(adds_like_a_loop(random({300, 33}, 1), random({300, 1}, 2)));
  CHECK(adds_like_a_loop(view::transpose(random({70, 50}, 1), 0, 1), random({50, 70}, 2)));
  CHECK(adds_like_a_loop(view::slice(random({9, 40}, 1), 1, 3, 39, 2), random({9, 18}, 2)));
  CHECK(adds_like_a_loop(view::permute(random({2, 3, 4, 5}, 1), {3, 1, 0, 2}),
                         random({5, 3, 2, 4}, 2)));
}

TEST_CASE("more dimensions than the kernel has") {
  const Tensor x = view::permute(random({2, 3, 2, 3, 2, 3}, 1), {5, 3, 1, 4, 2, 0});
  CHECK(adds_like_a_loop(x, random({3, 3, 3, 2, 2, 2}, 2)));
  CHECK(test::values(clone(x)) == test::values(x));
}

TEST_CASE("integers, comparisons and logic") {
  const Tensor a = from_data(std::vector<std::int64_t>{7, -7, 5, 0, 1LL << 40}, {5});
  const Tensor b = from_data(std::vector<std::int64_t>{2, 2, 5, 3, 1}, {5});
  CHECK(binary(BinaryOp::Div, a, b).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{3, -3, 1, 0, 1LL << 40});
  CHECK(binary(BinaryOp::Fmod, a, b).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{1, -1, 0, 0, 0});
  CHECK(binary(BinaryOp::Rem, a, b).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{1, 1, 0, 0, 0});
  const Tensor less = binary(BinaryOp::Lt, a, b);
  CHECK(less.dtype() == DType::Bool);
  const Tensor equal = binary(BinaryOp::Eq, a, b);
  const Tensor either = binary(BinaryOp::Or, less, equal);
  CHECK(either.to_vector<bool>() == std::vector<bool>{false, true, true, true, false});
  CHECK(bitwise_not(either).to_vector<bool>() ==
        std::vector<bool>{true, false, false, false, true});
  CHECK(where(either, a, b).to_vector<std::int64_t>() == std::vector<std::int64_t>{2, -7, 5, 0, 1});
  CHECK(add(a, 3.0).to_vector<std::int64_t>()[1] == -4);
}

TEST_CASE("scalars on either side, in place, fused") {
  const Tensor x = tensor({1, 2, 4});
  CHECK(test::values(sub(x, 1.0)) == std::vector<double>{0, 1, 3});
  CHECK(test::values(binary(BinaryOp::ReverseSub, x, 1.0)) == std::vector<double>{0, -1, -3});
  CHECK(test::values(binary(BinaryOp::ReverseDiv, x, 4.0)) == std::vector<double>{4, 2, 1});
  const std::uint32_t before = x.version();
  binary_(BinaryOp::Mul, x, tensor({2, 2, 0.5f}));
  binary_(BinaryOp::Add, x, 1.0);
  CHECK(test::values(x) == std::vector<double>{3, 5, 3});
  CHECK(x.version() == before + 2);
  CHECK(test::values(fma(x, x, tensor({1}))) == std::vector<double>{10, 26, 10});
  CHECK(test::values(add_scaled(x, x, -0.5)) == std::vector<double>{1.5, 2.5, 1.5});
}

TEST_CASE("gradients of unary ops agree with finite differences") {
  const Tensor x = tensor({0.3f, 0.7f, 0.9f, 0.15f});
  const Tensor g = tensor({1, -2, 0.5f, 3});
  for (int i = 0; i <= static_cast<int>(UnaryOp::GeluErf); ++i) {
    const auto op = static_cast<UnaryOp>(i);
    if (op == UnaryOp::Sign) continue;
    const double h = 1.0 / 256;
    const Tensor up = unary(op, add(x, h));
    const Tensor down = unary(op, sub(x, h));
    const std::vector<double> expected = test::values(mul(mul(sub(up, down), 1 / (2 * h)), g));
    const Tensor saved = saved_for(op) == Saved::Output ? unary(op, x) : x;
    INFO(name_of(op));
    CHECK(test::error(unary_backward(op, g, saved), expected) < 2e-3);
  }
}

TEST_CASE("casts, copies, joins and constants") {
  const Tensor x = tensor({-1.5f, 2.7f, NAN, 1e30f, 0});
  CHECK(cast(x, DType::I32).to_vector<std::int32_t>() ==
        std::vector<std::int32_t>{-1, 2, 0, INT32_MAX, 0});
  CHECK(cast(x, DType::Bool).to_vector<bool>() == std::vector<bool>{true, true, true, true, false});
  CHECK(test::values(cast(from_bools({true, false}, {2}), DType::F32)) ==
        std::vector<double>{1, 0});
  const Tensor a = random({2, 3}, 1);
  const Tensor b = random({2, 2}, 2);
  const std::vector<Tensor> parts{a, b, a};
  const Tensor joined = cat(parts, 1);
  CHECK(joined.shape() == Shape{2, 8});
  CHECK(test::values(clone(view::narrow(joined, 1, 3, 2))) == test::values(b));
  const Tensor y = full({3, 4}, 2.5);
  copy_(view::narrow(y, 0, 1, 1), tensor({1, 2, 3, 4}));
  CHECK(test::values(y) == std::vector<double>{2.5, 2.5, 2.5, 2.5, 1, 2, 3, 4, 2.5, 2.5, 2.5, 2.5});
  CHECK(test::values(slice_backward(tensor({1, 2}), {5}, 0, 1, 3)) ==
        std::vector<double>{0, 1, 0, 0, 2});
  const Tensor t = view::transpose(a, 0, 1);
  CHECK(test::values(reshape(t, {6})) == test::values(t));
  CHECK(full({2}, 7, DType::I64).to_vector<std::int64_t>() == std::vector<std::int64_t>{7, 7});
}

TEST_CASE("errors name the op and what was wrong") {
  CHECK(
      message_of([] { add(random({2, 3}, 1), random({4}, 2)); }).starts_with("add: shapes [2, 3]"));
  CHECK(message_of([] { add(tensor({1}), from_data(std::vector<std::int64_t>{1}, {1})); }) ==
        "add: element types f32 and i64 differ");
  CHECK(message_of([] { add(from_data(std::vector<std::int64_t>{1}, {1}), 1.5); }) ==
        "add: 1.5 is not an i64");
  CHECK(message_of([] { unary(UnaryOp::Exp, from_bools({true}, {1})); }) ==
        "exp: does not take bool tensors");
  CHECK(message_of([] { where(tensor({1}), tensor({1}), tensor({1})); }) ==
        "where: the condition is f32, not bool");
  CHECK(message_of([] { add(Tensor(), tensor({1})); }) == "add: undefined tensor");
}
