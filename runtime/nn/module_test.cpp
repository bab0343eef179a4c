// Modules and optimizers, up to micrograd's moons demo.
#include "runtime/nn/module.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/autograd/functions.h"
#include "runtime/device/error.h"
#include "runtime/nn/optimizer.h"
#include "runtime/tensor/random.h"

namespace pg::nn {
namespace {

std::string message_of(auto&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

/// w [outputs, inputs], b [outputs].
class Layer : public Module {
 public:
  Layer(std::int64_t inputs, std::int64_t outputs)
      : w_(register_parameter("w", uniform_init({outputs, inputs}, inputs))),
        b_(register_parameter("b", zeros({outputs}))) {}
  Tensor forward(const Tensor& x) const { return linear(x, w_, b_); }
  const Tensor& w() const { return w_; }
  const Tensor& b() const { return b_; }

 private:
  Tensor w_, b_;
};

class Mlp : public Module {
 public:
  Mlp() {
    register_module("first", first);
    register_module("second", second);
    register_module("last", last);
  }
  Tensor forward(const Tensor& x) const {
    return last.forward(second.forward(first.forward(x).relu()).relu());
  }

  Layer first{2, 16}, second{16, 16}, last{16, 1};
};

TEST_CASE("named parameters keep their order; tied ones appear once") {
  const Mlp mlp;
  std::string names;
  for (const NamedTensor& named : mlp.named_parameters()) names += named.name + " ";
  CHECK(names == "first.w first.b second.w second.b last.w last.b ");
  CHECK(mlp.parameter_count() == 337);

  struct Tied : Module {
    Tied() {
      const Tensor x = register_parameter("embed", zeros({2}));
      register_parameter("head", x);
      CHECK(message_of([&] { register_parameter("head", x); }) ==
            "module: `head` is registered twice");
      CHECK(message_of([&] {
              register_parameter("a.b", x);
            }).starts_with("module: `a.b` is no name"));
    }
  } tied;
  CHECK(tied.named_parameters().size() == 1);
  CHECK(tied.parameters()[0].requires_grad());
}

/// micrograd's order: layer by layer, neuron by neuron, its weights and then its bias.
void set_neurons(const Layer& layer, const std::vector<double>& numbers, std::size_t& next) {
  const NoGrad no_grad;
  std::vector<float> w, b;
  for (std::int64_t neuron = 0; neuron < layer.w().size(0); ++neuron) {
    for (std::int64_t i = 0; i < layer.w().size(1); ++i)
      w.push_back(static_cast<float>(numbers[next++]));
    b.push_back(static_cast<float>(numbers[next++]));
  }
  layer.w().copy_(from_data(w, layer.w().shape()));
  layer.b().copy_(from_data(b, layer.b().shape()));
}

std::string moons_path() {
  const char* folder = std::getenv("PICOGRAD_DATA");
  const std::string base = folder ? folder : PICOGRAD_SOURCE_DIR "/../shared/data";
  return base + "/micrograd-moons/moons.json";
}

TEST_CASE("micrograd: the moons demo loss by loss") {
  if (!std::filesystem::exists(moons_path())) {
    std::printf("SKIP micrograd-moons/moons.json: no test data (PICOGRAD_DATA)\n");
    return;
  }
  const nlohmann::json moons = nlohmann::json::parse(std::ifstream(moons_path()));
  std::vector<float> points, labels;
  for (const auto& point : moons["X"]) {
    points.push_back(point[0].get<float>());
    points.push_back(point[1].get<float>());
  }
  for (const auto& label : moons["y"]) labels.push_back(label.get<float>());
  const auto count = static_cast<std::int64_t>(labels.size());
  const Tensor x = from_data(points, {count, 2});
  const Tensor y = from_data(labels, {count});
  const Mlp mlp;
  std::size_t next = 0;
  const auto numbers = moons["init_params"].get<std::vector<double>>();
  for (const Layer* layer : {&mlp.first, &mlp.second, &mlp.last})
    set_neurons(*layer, numbers, next);
  REQUIRE(next == numbers.size());

  SGD optimizer(mlp.parameters(), 1.0);
  double accuracy = 0.0;
  double worst = 0.0;
  for (std::size_t step = 0; step < 100; ++step) {
    const Tensor scores = mlp.forward(x).reshape({count});
    Tensor loss = relu(1.0 - y * scores).mean();
    for (const Tensor& parameter : mlp.parameters()) {
      loss = loss + square(parameter).sum() * moons["alpha"].get<double>();
    }
    mlp.zero_grad();
    loss.backward();
    optimizer.set_lr(1.0 - 0.9 * static_cast<double>(step) / 100.0);
    optimizer.step();

    accuracy = 100.0 * cast(gt(y * scores, 0.0), DType::F32).mean().item<double>();
    worst = std::max(worst, std::abs(loss.item<double>() - moons["trace"][step][0].get<double>()));
    CHECK(std::abs(accuracy - moons["trace"][step][1].get<double>()) < 1e-3);
  }
  CAPTURE(worst);
  CHECK(worst < 1e-4);
  CHECK(accuracy == doctest::Approx(100.0));
}

TEST_CASE("AdamW follows its definition") {
  const Tensor w = tensor({1, -2}).requires_grad_();
  const Tensor b = tensor({0.5f}).requires_grad_();
  AdamW optimizer({{.parameters = {w}, .weight_decay = 0.1}, {.parameters = {b}}}, {.lr = 0.01});
  double p = 1, m = 0, v = 0, q = 0.5, n = 0, u = 0;
  for (int step = 1; step <= 5; ++step) {
    optimizer.zero_grad();
    ((w * w).sum() + (b * 3.0).sum()).backward();
    optimizer.step();
    const auto update = [step](double& x, double& m, double& v, double g, double decay) {
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      const double rate = 0.01 / (1 - std::pow(0.9, step));
      x = x * (1 - 0.01 * decay) - rate * m / (std::sqrt(v / (1 - std::pow(0.999, step))) + 1e-8);
    };
    update(p, m, v, 2 * p, 0.1);
    update(q, n, u, 3, 0);
    CHECK(w.to_vector<float>()[0] == doctest::Approx(p).epsilon(1e-6));
    CHECK(b.item<double>() == doctest::Approx(q).epsilon(1e-6));
  }
  CHECK(optimizer.step_count() == 5);

  // A second optimizer with the saved state takes the same sixth step.
  const Tensor w2 = w.detach().clone().requires_grad_();
  AdamW other({{.parameters = {w2}, .weight_decay = 0.1}}, {.lr = 0.01});
  const AdamW::State saved = optimizer.state();
  CHECK(
      message_of([&] { other.set_state(saved); }).starts_with("AdamW: the state has moments of 2"));
  other.set_state({saved.step, {saved.first_moments[0]}, {saved.second_moments[0]}});
  optimizer.zero_grad();
  ((w * w).sum() + (b * 3.0).sum()).backward();
  (w2 * w2).sum().backward();
  optimizer.step();
  other.step();
  CHECK(w.to_vector<float>() == w2.to_vector<float>());
}

TEST_CASE("clipping by the global norm") {
  const Tensor a = zeros({2}).requires_grad_();
  const Tensor b = zeros({1}).requires_grad_();
  const Tensor unused = zeros({1}).requires_grad_();
  (a * tensor({2, 3})).sum().backward();
  (b * 6.0).sum().backward();
  const std::vector<Tensor> parameters = {a, unused, b};
  const ops::GradientNorm found = clip_grad_norm(parameters, 3.5);
  CHECK(found.norm.item<double>() == doctest::Approx(7.0));
  CHECK(found.clip.item<double>() == doctest::Approx(0.5));
  CHECK(a.grad().to_vector<float>() == std::vector<float>{2, 3});
  CHECK(clip_grad_norm_(parameters, 3.5).item<double>() == doctest::Approx(7.0));
  CHECK(a.grad().to_vector<float>()[1] == doctest::Approx(1.5));
  CHECK(clip_grad_norm(parameters, 0.0).clip.item<float>() == 1.0f);
  CHECK(clip_grad_norm(parameters, 100.0).clip.item<float>() == 1.0f);
}

TEST_CASE("decay goes to matrices only") {
  const std::vector<Tensor> parameters = {zeros({2, 2}), zeros({2}), zeros({1, 1, 1})};
  const std::vector<ParameterGroup> groups = decay_matrices_only(parameters, 0.3);
  CHECK(groups[0].parameters.size() == 2);
  CHECK(groups[0].weight_decay == 0.3);
  CHECK(groups[1].parameters.size() == 1);
  CHECK(groups[1].weight_decay == 0.0);
}

}  // namespace
}  // namespace pg::nn
