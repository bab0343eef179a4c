// Functions of one number, as the tests of scalar derivatives in HIPS autograd cover them: every
// elementary function on both sides of zero where it is defined there, arithmetic with constants on
// either side, powers, and comparisons, which only steer.
#include <doctest/doctest.h>

#include "runtime/autograd/check_gradients.h"
#include "runtime/autograd/functions.h"

namespace pg {
namespace {

using Scalar = Tensor (*)(const Tensor&);

/// At each number by itself, since a program might branch on it.
void check_at(std::initializer_list<double> points, Scalar function) {
  for (const double point : points) {
    CAPTURE(point);
    const auto of_list = [&](const Tensors& in) { return function(in[0]); };
    CHECK(check_gradients(of_list, {scalar(point)}) == "");
  }
}

TEST_CASE("scalar: elementary functions") {
  for (const Scalar function : {Scalar(exp), Scalar(expm1), Scalar(exp2), Scalar(sin), Scalar(cos),
                                Scalar(tan), Scalar(sinh), Scalar(cosh), Scalar(tanh), Scalar(atan),
                                Scalar(abs), Scalar(sign), Scalar(square), Scalar(neg)}) {
    check_at({-1.1, 0.3, 1.2}, function);
  }
  for (const Scalar function : {Scalar(log), Scalar(log2), Scalar(log10), Scalar(log1p),
                                Scalar(sqrt), Scalar(rsqrt), Scalar(reciprocal)}) {
    check_at({0.2, 1.0, 3.5}, function);
  }
  for (const Scalar function : {Scalar(asin), Scalar(acos)}) check_at({-0.7, 0.0, 0.4}, function);
}

TEST_CASE("scalar: constants on either side") {
  check_at({-0.7, 1.3}, [](const Tensor& x) { return 3.1 * x + 2.0; });
  check_at({-0.7, 1.3}, [](const Tensor& x) { return x * 3.1 + x; });
  check_at({-0.7, 1.3}, [](const Tensor& x) { return 2.0 - x; });
  check_at({-0.7, 1.3}, [](const Tensor& x) { return x - 2.0; });
  check_at({-0.7, 1.3}, [](const Tensor& x) { return x / 2.3; });
  check_at({-0.7, 1.3}, [](const Tensor& x) { return 2.3 / x; });
  check_at({-0.7, 1.3}, [](const Tensor& x) { return -x; });
  check_at({0.6, 1.3}, [](const Tensor& x) { return pow(x, 1.9); });
  check_at({-0.7, 1.3}, [](const Tensor& x) { return pow(x, 3.0); });
  check_at({-0.7, 1.3}, [](const Tensor& x) { return pow(full_like(x, 1.7), x); });
  check_at({1.3, 2.6}, [](const Tensor& x) { return fmod(x, 0.8) * x; });
  check_at({-0.7, 1.3}, [](const Tensor& x) { return maximum(x, 0.2) * minimum(x, 0.9); });
}

TEST_CASE("scalar: two numbers that depend on one") {
  check_at({0.6, 1.3}, [](const Tensor& x) { return x * sin(x + square(x)); });
  check_at({0.6, 1.3}, [](const Tensor& x) { return pow(x, x); });
  check_at({0.6, 1.3}, [](const Tensor& x) { return atan2(x, square(x)); });
  check_at({0.6, 1.3}, [](const Tensor& x) { return hypot(x, 1.0 / x); });
  check_at({0.6, 1.3}, [](const Tensor& x) { return maximum(exp(x), 3.0 * x); });
}

TEST_CASE("scalar: comparisons steer and have no gradient") {
  const Scalar branching[] = {
      [](const Tensor& x) { return gt(x, 0.0).item<bool>() ? square(x) : 3.0 * x; },
      [](const Tensor& x) { return where(lt(x, 0.5), exp(x), x * x * x); },
      [](const Tensor& x) { return x * cast(ge(x, 0.5), DType::F32); },
      [](const Tensor& x) { return x * cast(ne(x, 0.5), DType::F32) + cast(le(x, 2), DType::F32); },
  };
  for (const Scalar function : branching) check_at({-0.7, 0.3, 1.3}, function);
}

TEST_CASE("scalar: equal operands of an extremum share the gradient, and stay so") {
  const Tensor x = scalar(0.75).requires_grad_();
  const Tensor y = maximum(x * 1.0, x * 1.0);
  CHECK(grad(y, Tensors{x})[0].item<float>() == 1.0f);
}

}  // namespace
}  // namespace pg
