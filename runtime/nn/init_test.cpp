// Initial values: their ranges, moments and gains, and that a generator decides them.
#include "runtime/nn/init.h"

#include "runtime/nn/test_support.h"

namespace pg::nn::init {
namespace {

struct Moments {
  double mean = 0, deviation = 0, lowest = 0, highest = 0;
};

Moments moments(const Tensor& x) {
  const std::vector<float> values = x.to_vector<float>();
  const auto count = static_cast<double>(values.size());
  Moments m;
  for (const float value : values) m.mean += value / count;
  for (const float value : values) m.deviation += (value - m.mean) * (value - m.mean) / count;
  m.deviation = std::sqrt(m.deviation);
  m.lowest = *std::ranges::min_element(values);
  m.highest = *std::ranges::max_element(values);
  return m;
}

TEST_CASE("constants") {
  const Tensor x = empty({2, 2}).requires_grad_();
  ones_(x);
  CHECK(x.to_vector<float>() == std::vector<float>(4, 1.0f));
  constant_(x, -2.5);
  CHECK(x.to_vector<float>() == std::vector<float>(4, -2.5f));
  zeros_(x);
  CHECK(x.to_vector<float>() == std::vector<float>(4, 0.0f));
}

TEST_CASE("uniform and normal have their range and moments") {
  Generator generator(1);
  const Tensor x = empty({100, 200});
  uniform_(x, -1.0, 3.0, &generator);
  const Moments uniform = moments(x);
  CHECK(uniform.lowest >= -1.0);
  CHECK(uniform.highest < 3.0);
  CHECK(uniform.mean == doctest::Approx(1.0).epsilon(0.02));
  CHECK(uniform.deviation == doctest::Approx(4.0 / std::sqrt(12.0)).epsilon(0.02));
  normal_(x, 2.0, 0.5, &generator);
  const Moments normal = moments(x);
  CHECK(normal.mean == doctest::Approx(2.0).epsilon(0.02));
  CHECK(normal.deviation == doctest::Approx(0.5).epsilon(0.02));
}

TEST_CASE("a truncated normal stays within its bounds") {
  Generator generator(1);
  const Tensor x = empty({100, 200});
  trunc_normal_(x, 0.0, 1.0, -1.0, 2.0, &generator);
  const Moments m = moments(x);
  CHECK(m.lowest >= -1.0);
  CHECK(m.lowest < -0.99);
  CHECK(m.highest <= 2.0);
  CHECK(m.highest > 1.98);
  // (density(-1) - density(2)) / (share of [-1, 2]).
  CHECK(m.mean == doctest::Approx((0.2419707 - 0.0539910) / 0.8185946).epsilon(0.03));
  trunc_normal_(x, 0.0, 0.02, -2.0, 2.0, &generator);
  CHECK(moments(x).deviation == doctest::Approx(0.02).epsilon(0.02));
  CHECK(message_of([&] { trunc_normal_(x, 10.0); }) ==
        "trunc_normal_: [-2, 2] holds too little of the normal distribution around 10");
}

TEST_CASE("gains and fans are PyTorch's") {
  CHECK(calculate_gain(Nonlinearity::Linear) == 1.0);
  CHECK(calculate_gain(Nonlinearity::Sigmoid) == 1.0);
  CHECK(calculate_gain(Nonlinearity::Tanh) == doctest::Approx(1.6666666667));
  CHECK(calculate_gain(Nonlinearity::Relu) == doctest::Approx(1.4142135624));
  CHECK(calculate_gain(Nonlinearity::LeakyRelu, 0.2) == doctest::Approx(1.3867504906));
  CHECK(calculate_gain(Nonlinearity::Selu) == 0.75);
  const Fans fans = fans_of(empty({6, 5, 2, 3}));
  CHECK(fans.in == 30);
  CHECK(fans.out == 36);
  CHECK(message_of([] { xavier_normal_(empty({3})); }) ==
        "init: the fans of a weight need two dimensions, its shape is [3]");
}

TEST_CASE("Glorot's and He's widths") {
  Generator generator(1);
  const Tensor w = empty({300, 100});
  const auto bound_of = [&] {
    const Moments m = moments(w);
    CHECK(m.lowest == doctest::Approx(-m.highest).epsilon(0.01));
    return m.highest;
  };
  xavier_uniform_(w, 2.0, &generator);
  CHECK(bound_of() == doctest::Approx(2.0 * std::sqrt(6.0 / 400)).epsilon(0.01));
  xavier_normal_(w, 2.0, &generator);
  CHECK(moments(w).deviation == doctest::Approx(2.0 * std::sqrt(2.0 / 400)).epsilon(0.02));
  kaiming_uniform_(w, {.generator = &generator});
  CHECK(bound_of() == doctest::Approx(std::sqrt(6.0 / 100)).epsilon(0.01));
  kaiming_uniform_(w, {.slope = std::sqrt(5.0), .fan = Fan::Out, .generator = &generator});
  CHECK(bound_of() == doctest::Approx(std::sqrt(1.0 / 300)).epsilon(0.01));
  kaiming_normal_(w, {.nonlinearity = Nonlinearity::Relu, .generator = &generator});
  CHECK(moments(w).deviation == doctest::Approx(std::sqrt(2.0 / 100)).epsilon(0.02));
}

TEST_CASE("the generator decides, its state goes on") {
  Generator a(7), b(7);
  const Tensor x = empty({5}), y = empty({5});
  normal_(x, 0, 1, &a);
  normal_(y, 0, 1, &b);
  CHECK(x.to_vector<float>() == y.to_vector<float>());
  normal_(y, 0, 1, &b);
  CHECK(x.to_vector<float>() != y.to_vector<float>());
}

}  // namespace
}  // namespace pg::nn::init
