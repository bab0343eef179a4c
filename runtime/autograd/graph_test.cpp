// Shapes of graphs, as the graph tests of HIPS autograd and the engine tests of micrograd build
// them: fan-out, constants, closures, derivatives of derivatives.
#include <doctest/doctest.h>

#include <cmath>

#include "runtime/autograd/check_gradients.h"
#include "runtime/autograd/functions.h"
#include "runtime/autograd/jacobian.h"
#include "runtime/tensor/random.h"

namespace pg {
namespace {

Tensor normal(const Shape& shape, std::uint64_t seed) {
  Generator generator(seed);
  return randn(shape, &generator);
}

Tensor derivative(const Tensor& y, const Tensor& x) {
  return grad(y, Tensors{x}, {}, {.create_graph = true})[0];
}

TEST_CASE("graph: one value used many times") {
  CHECK(check_gradients([](const Tensors& in) { return sin(sin(in[0]) + sin(in[0])); },
                        {scalar(0.4)}) == "");
  const auto many = [](const Tensors& in) {
    const Tensor once = exp(in[0]) * in[1];
    Tensor total = once;
    for (int i = 0; i < 5; ++i) total = total * 0.5 + once * in[0];
    return total + once;
  };
  CHECK(check_gradients(many, {normal({2, 2}, 1), normal({2}, 2)}) == "");
}

TEST_CASE("graph: the identity and constants") {
  const Tensor x = tensor({2, 3}).requires_grad_();
  CHECK(grad(x, Tensors{x}, tensor({5, 7}))[0].to_vector<float>() == std::vector<float>{5, 7});
  CHECK(check_gradients([](const Tensors& in) { return in[0] * 1.0; }, {normal({3}, 1)}) == "");
  // A result that does not depend on one of the inputs.
  CHECK(check_gradients([](const Tensors& in) { return square(in[1]); },
                        {normal({3}, 1), normal({2}, 2)}) == "");
  CHECK(check_gradients([](const Tensors& in) { return in[0] * in[1].detach() * 0.0 + in[0]; },
                        {normal({3}, 1), zeros({3})}) == "");
}

TEST_CASE("graph: a derivative inside a function") {
  // f(x) = x^2 g'(x) with g(z) = sin(x z) at z = x, where x also comes from outside.
  const auto function = [](const Tensors& in) {
    const Tensor z = in[0] * 1.0;
    return square(in[0]) * derivative(sum(sin(in[0] * z)), z);
  };
  CHECK(check_gradients(function, {normal({3}, 3)}) == "");
}

TEST_CASE("graph: a third derivative") {
  const auto function = [](const Tensors& in) { return tanh(in[0]) * exp(in[0] * in[1]); };
  CHECK(check_gradients(function, {scalar(0.3), scalar(-0.6)}, {.order = 3}) == "");
  const Tensor x = scalar(0.7, real_device).requires_grad_();
  const Tensor third = derivative(derivative(derivative(sin(x), x), x), x);
  CHECK(third.item<double>() == doctest::Approx(-std::cos(double{0.7})).epsilon(1e-14));
}

TEST_CASE("graph: loops and branches are recorded as they ran") {
  const auto power = [](const Tensors& in) {
    Tensor y = in[0];
    for (int i = 0; i < 4 && sum(y).item<double>() < 50.0; ++i) y = y * in[0];
    return y;
  };
  CHECK(check_gradients(power, {tensor({1.5, -0.7, 1.1})}) == "");
}

TEST_CASE("graph: a Newton step through the derivative") {
  const auto step = [](const Tensors& in) {
    const Tensor x = in[0] * 1.0;
    const Tensor slope = derivative(sum(x * x * x - in[1]), x);
    return in[0] - (in[0] * in[0] * in[0] - in[1]) / slope;
  };
  CHECK(check_gradients(step, {tensor({1.2, 0.9}), tensor({2.0, 0.5})}) == "");
}

TEST_CASE("graph: the gradient of a two-layer network, and its penalty") {
  // Second order through a whole network: the squared norm of the loss's gradient.
  const auto penalty = [](const Tensors& in) {
    const Tensor hidden = tanh(linear(in[0], in[1], in[2]));
    const Tensor loss = mean(square(linear(hidden, in[3])));
    const Tensors slopes = grad(loss, Tensors{in[1], in[3]}, {}, {.create_graph = true});
    return sum(square(slopes[0])) + sum(square(slopes[1]));
  };
  CHECK(check_gradients(penalty,
                        {normal({3, 2}, 1), normal({4, 2}, 2), normal({4}, 3), normal({2, 4}, 4)},
                        {.order = 1}) == "");
}

TEST_CASE("engine: a neuron's arithmetic") {
  const Tensor x = scalar(-4.0).requires_grad_();
  const Tensor z = 2.0 * x + 2.0 + x;
  const Tensor q = z.relu() + z * x;
  const Tensor h = (z * z).relu();
  const Tensor y = h + q + q * x;
  y.backward();
  CHECK(y.item<double>() == -20.0);
  CHECK(x.grad().item<double>() == 46.0);
}

Tensor engine_expression(const Tensors& in) {
  const Tensor &a = in[0], &b = in[1];
  Tensor c = a + b;
  Tensor d = a * b + b.pow(3);
  c = c + (c + 1.0);
  c = c + (1.0 + c + (-a));
  d = d + (d * 2.0 + (b + a).relu());
  d = d + (3.0 * d + (b - a).relu());
  const Tensor e = c - d;
  const Tensor f = e.pow(2);
  return f / 2.0 + 10.0 / f;
}

TEST_CASE("engine: all ops in one expression") {
  const Tensors in = {scalar(-4.0).requires_grad_(), scalar(2.0).requires_grad_()};
  const Tensor g = engine_expression(in);
  g.backward();
  CHECK(g.item<double>() == doctest::Approx(24.70408163265306).epsilon(1e-6));
  CHECK(in[0].grad().item<double>() == doctest::Approx(138.8338192419825).epsilon(1e-6));
  CHECK(in[1].grad().item<double>() == doctest::Approx(645.5772594752186).epsilon(1e-6));
  CHECK(check_gradients(engine_expression, {scalar(-4.0), scalar(2.0)}) == "");
}

TEST_CASE("engine: a small network of neurons and its loss") {
  const auto loss = [](const Tensors& in) {
    const Tensor hidden = relu(linear(in[0], in[1], in[2]));
    const Tensor scores = linear(hidden, in[3], in[4]);
    const Tensor margin = relu(1.0 - scores * in[5]);  // of a max-margin loss
    return mean(margin) + (sum(square(in[1])) + sum(square(in[3]))) * 1e-4;
  };
  const Tensor labels = tensor({1, -1, 1, -1}).reshape({4, 1});
  CHECK(check_gradients(loss, {normal({4, 2}, 1), normal({5, 2}, 2), normal({5}, 3),
                               normal({1, 5}, 4), normal({1}, 5), labels}) == "");
}

}  // namespace
}  // namespace pg
