// Modules and optimizers, up to micrograd's moons demo.
#include "runtime/nn/module.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/autograd/functions.h"
#include "runtime/nn/optimizer.h"
#include "runtime/nn/test_support.h"
#include "runtime/tensor/random.h"

namespace pg::nn {
namespace {

using test::message_of;

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

  SGD optimizer(mlp.parameters(), {.lr = 1.0});
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

}  // namespace
}  // namespace pg::nn
