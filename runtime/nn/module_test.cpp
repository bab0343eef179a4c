// Modules and their state, up to micrograd's moons demo.
#include "runtime/nn/module.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "runtime/autograd/functions.h"
#include "runtime/nn/containers.h"
#include "runtime/nn/optimizer.h"
#include "runtime/nn/safetensors.h"
#include "runtime/nn/test_support.h"

namespace pg::nn {
namespace {

TEST_CASE("named parameters keep their order; tied ones appear once") {
  struct Net : Module {
    Net() {
      register_parameter("scale", zeros({3}));
      register_module("first", first);
      register_module("last", last);
      register_parameter("shift", zeros({2}));
    }
    Linear first{2, 16}, last{16, 1};
  } net;
  std::string names;
  for (const NamedTensor& named : net.named_parameters()) names += named.name + " ";
  CHECK(names == "scale shift first.weight first.bias last.weight last.bias ");
  CHECK(net.parameter_count() == 70);
  net.first.weight().set_grad(zeros({16, 2}));
  net.zero_grad();
  CHECK(!net.first.weight().grad().defined());

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

/// A norm with running statistics, as far as its state goes, and a tied pair.
struct Statistics : Module {
  Tensor weight = register_parameter("weight", tensor({1, 2}));
  Tensor mean = register_buffer("mean", tensor({3, 4}));
  Tensor count = register_buffer("count", scalar(std::int64_t{5}));
};
struct Holder : Module {
  Holder() {
    register_module("norm", norm);
    register_parameter("head", embed);
  }
  Tensor embed = register_parameter("embed", tensor({6}));
  Statistics norm;
};

std::string names_of(const std::vector<NamedTensor>& tensors) {
  std::string names;
  for (const NamedTensor& named : tensors) names += named.name + " ";
  return names;
}

TEST_CASE("buffers are state, not parameters") {
  const Holder holder;
  CHECK(names_of(holder.named_parameters()) == "embed norm.weight ");
  CHECK(names_of(holder.named_buffers()) == "norm.mean norm.count ");
  CHECK(!holder.norm.mean.requires_grad());
  CHECK(names_of(holder.state_dict()) == "embed norm.weight norm.mean norm.count ");
}

TEST_CASE("a module's state goes through a file") {
  const test::Folder folder;
  const std::string path = folder.file("net.safetensors");
  const Holder from, to;
  {
    const NoGrad no_grad;
    from.embed.copy_(tensor({-1}));
    from.norm.weight.copy_(tensor({-2, -3}));
    from.norm.count.copy_(scalar(std::int64_t{7}));
  }
  save_safetensors(path, from.state_dict());
  const StateDifferences differences = to.load_state_dict(load_safetensors(path));
  CHECK(differences.missing.empty());
  CHECK(differences.unexpected.empty());
  CHECK(to.embed.to_vector<float>() == std::vector<float>{-1});
  CHECK(to.norm.weight.to_vector<float>() == std::vector<float>{-2, -3});
  CHECK(to.norm.weight.requires_grad());
  CHECK(to.norm.count.item<std::int64_t>() == 7);
}

TEST_CASE("a state that does not fit is refused whole, with every reason") {
  const Holder holder;
  const StateDict state = {{"embed", tensor({9})},
                           {"norm.weight", tensor({1, 2, 3})},
                           {"norm.mean", zeros({2}, DType::I32)},
                           {"other", zeros({2, 2})},
                           {"embed", tensor({8})}};
  CHECK(message_of([&] { holder.load_state_dict(state); }) ==
        "load_state_dict: 5 tensors do not fit:\n"
        "  repeated    embed        f32 [1]\n"
        "  misshaped   norm.weight  f32 [3] for f32 [2]\n"
        "  misshaped   norm.mean    i32 [2] for f32 [2]\n"
        "  missing     norm.count   i64 []\n"
        "  unexpected  other        f32 [2, 2]");
  CHECK(holder.embed.item<float>() == 6.0f);
  CHECK(message_of([&] { holder.load_state_dict(StateDict{{"embed", Tensor()}}); }) ==
        "load_state_dict: `embed` is undefined");
}

TEST_CASE("what is not strict copies what there is and tells the rest") {
  const Holder holder;
  const StateDict state = {{"other", zeros({1})}, {"norm.mean", zeros({2})}};
  const StateDifferences differences = holder.load_state_dict(state, /*strict=*/false);
  CHECK(differences.missing == std::vector<std::string>{"embed", "norm.weight", "norm.count"});
  CHECK(differences.unexpected == std::vector<std::string>{"other"});
  CHECK(holder.norm.mean.to_vector<float>() == std::vector<float>{0, 0});
  // Another shape is an error all the same.
  CHECK(message_of([&] { holder.load_state_dict(StateDict{{"embed", zeros({2})}}, false); }) ==
        "load_state_dict: 1 tensor does not fit:\n  misshaped   embed  f32 [2] for f32 [1]");
}

TEST_CASE("a tied tensor comes under any of its names") {
  const Holder holder;
  const StateDict rest = {{"norm.weight", tensor({1, 2})},
                          {"norm.mean", tensor({3, 4})},
                          {"norm.count", scalar(std::int64_t{5})}};
  for (const char* name : {"embed", "head"}) {
    StateDict state = rest;
    state.push_back({name, tensor({static_cast<float>(name[0])})});
    holder.load_state_dict(state);
    CHECK(holder.embed.item<float>() == static_cast<float>(name[0]));
  }
  CHECK(message_of([&] { holder.load_state_dict(rest); }) ==
        "load_state_dict: 1 tensor does not fit:\n  missing     embed  f32 [1]");
}

/// micrograd's order: layer by layer, neuron by neuron, its weights and then its bias.
void set_neurons(const Linear& layer, const std::vector<double>& numbers, std::size_t& next) {
  const NoGrad no_grad;
  std::vector<float> weight, bias;
  for (std::int64_t neuron = 0; neuron < layer.weight().size(0); ++neuron) {
    for (std::int64_t i = 0; i < layer.weight().size(1); ++i)
      weight.push_back(static_cast<float>(numbers[next++]));
    bias.push_back(static_cast<float>(numbers[next++]));
  }
  layer.weight().copy_(from_data(weight, layer.weight().shape()));
  layer.bias().copy_(from_data(bias, layer.bias().shape()));
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
  Sequential mlp;
  std::size_t next = 0;
  const auto numbers = moons["init_params"].get<std::vector<double>>();
  set_neurons(mlp.add<Linear>(2, 16), numbers, next);
  mlp.add<ReLU>();
  set_neurons(mlp.add<Linear>(16, 16), numbers, next);
  mlp.add<ReLU>();
  set_neurons(mlp.add<Linear>(16, 1), numbers, next);
  REQUIRE(next == numbers.size());

  SGD optimizer(mlp.parameters(), {.lr = 1.0});
  double accuracy = 0.0;
  double worst = 0.0;
  for (std::size_t step = 0; step < 100; ++step) {
    const Tensor scores = mlp(x).reshape({count});
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
