// Layers and containers against PyTorch's: outputs and all gradients.
#include "runtime/nn/layers.h"

#include "runtime/nn/containers.h"
#include "runtime/nn/safetensors.h"
#include "runtime/nn/test_support.h"

namespace pg::nn {
namespace {

using test::ramp;

/// Gives the parameters ramps of seeds 1, 2, ...
const Layer& filled(const Layer& layer) {
  const NoGrad no_grad;
  int seed = 0;
  for (const Tensor& parameter : layer.parameters()) {
    parameter.copy_(ramp(parameter.shape(), ++seed));
  }
  return layer;
}

void append(test::Values& into, const Tensor& x) {
  const std::vector<float> values = x.to_vector<float>();
  into.insert(into.end(), values.begin(), values.end());
}

/// The output, then the gradients of x and of the parameters, against the golden row.
double distance(const char* row, const Layer& layer, const Tensor& x) {
  const bool has_gradient = x.dtype() == DType::F32;
  if (has_gradient) x.requires_grad_();
  layer.zero_grad();
  const Tensor y = layer(x);
  y.backward(ramp(y.shape(), 50));
  test::Values values;
  append(values, y);
  if (has_gradient) append(values, x.grad());
  for (const Tensor& parameter : layer.parameters()) append(values, parameter.grad());
  return test::distance(values, test::golden("pytorch_layers.txt", row));
}

TEST_CASE("layers with parameters are PyTorch's") {
  CHECK(distance("linear", filled(Linear(5, 3)), ramp({2, 4, 5}, 20)) < 3e-7);
  CHECK(distance("linear_without_bias", filled(Linear(5, 3, {.bias = false})), ramp({4, 5}, 20)) <
        3e-7);
  const Tensor ids = from_data(std::vector<std::int64_t>{1, 5, 1, 0, 3, 1}, {2, 3});
  CHECK(distance("embedding", filled(Embedding(6, 4)), ids) < 3e-7);
  CHECK(distance("rms_norm", filled(RMSNorm(6)), ramp({3, 6}, 20)) < 5e-7);
  CHECK(distance("layer_norm", filled(LayerNorm(6)), ramp({3, 6}, 20)) < 5e-7);
  const LayerNormOptions options{.eps = 0.1, .bias = false};
  CHECK(distance("layer_norm_without_bias", filled(LayerNorm(6, options)), ramp({3, 6}, 20)) <
        5e-7);
}

TEST_CASE("layers without parameters are PyTorch's") {
  CHECK(distance("tanh", Tanh(), ramp({9}, 20)) < 3e-7);
  CHECK(distance("sigmoid", Sigmoid(), ramp({9}, 20)) < 3e-7);
  CHECK(distance("relu", ReLU(), ramp({9}, 20)) < 3e-7);
  CHECK(distance("silu", SiLU(), ramp({9}, 20)) < 3e-7);
  CHECK(distance("gelu", GELU(), ramp({9}, 20)) < 3e-7);
  CHECK(distance("gelu_tanh", GELUTanh(), ramp({9}, 20)) < 3e-7);
  CHECK(distance("softmax", Softmax(1), ramp({2, 4, 3}, 20)) < 3e-7);
  CHECK(distance("log_softmax", LogSoftmax(1), ramp({2, 4, 3}, 20)) < 3e-7);
  CHECK(Flatten()(ramp({2, 3, 4}, 1)).shape() == Shape{2, 12});
  CHECK(Flatten(0, 1)(ramp({2, 3, 4}, 1)).shape() == Shape{6, 4});
}

TEST_CASE("the initial values are PyTorch's distributions") {
  Generator generator(3);
  const Linear linear(100, 50, {.generator = &generator});
  for (const Tensor& parameter : linear.parameters()) {
    const std::vector<float> values = parameter.to_vector<float>();
    const auto [low, high] = std::ranges::minmax(values);
    CHECK(low >= -0.1f);
    CHECK(low < -0.09f);
    CHECK(high < 0.1f);
    CHECK(high > 0.09f);
  }
  CHECK(LayerNorm(2).weight().to_vector<float>() == std::vector<float>{1, 1});
  CHECK(LayerNorm(2).bias().to_vector<float>() == std::vector<float>{0, 0});
  const Embedding embedding(100, 100, &generator);
  CHECK(mean(square(embedding.weight())).item<double>() == doctest::Approx(1.0).epsilon(0.03));
  CHECK(RMSNorm(3).weight().to_vector<float>() == std::vector<float>{1, 1, 1});
  Generator again(3);
  CHECK(Linear(100, 50, {.generator = &again}).weight().to_vector<float>() ==
        linear.weight().to_vector<float>());
}

TEST_CASE("dropout lets pass what it should, while training") {
  Generator generator(5);
  Sequential net;
  net.add<Dropout>(0.25, &generator);
  const Tensor x = ones({100, 100}).requires_grad_();
  const Tensor y = net(x);
  y.sum().backward();
  CHECK(mean(y).item<double>() == doctest::Approx(1.0).epsilon(0.02));
  // The gradient has passed where the value did.
  CHECK(x.grad().to_vector<float>() == y.to_vector<float>());
  std::size_t zeros = 0;
  for (const float value : y.to_vector<float>()) {
    zeros += value == 0.0f;
    CHECK_UNARY(value == 0.0f || value == static_cast<float>(1.0 / 0.75));
  }
  CHECK(static_cast<double>(zeros) == doctest::Approx(2500.0).epsilon(0.05));
  CHECK(net(x).to_vector<float>() != y.to_vector<float>());
  net.eval();
  CHECK(net(x).is_same(x));
  CHECK(message_of([] { Dropout(1.5); }) == "Dropout: the probability 1.5 is not between 0 and 1");
}

TEST_CASE("sizes that make no sense") {
  CHECK(message_of([] { Linear(0, 3); }) == "Linear: a size of 0 is not positive");
  CHECK(message_of([] { Embedding(3, -1); }) == "Embedding: a size of -1 is not positive");
  CHECK(message_of([] { Linear(3, 2)(zeros({4, 5})); }).starts_with("linear: "));
}

TEST_CASE("Sequential chains its layers under their places") {
  Sequential net;
  net.add<Linear>(4, 6);
  net.add<Tanh>();
  const Linear& last = net.add<Linear>(6, 3);
  net.add<Softmax>(-1);
  CHECK(net.size() == 4);
  std::string names;
  for (const NamedTensor& named : net.named_parameters()) names += named.name + " ";
  CHECK(names == "0.weight 0.bias 2.weight 2.bias ");
  CHECK(&net[2] == &last);
  CHECK(distance("network", filled(net), ramp({2, 4}, 20)) < 5e-7);
  const Tensor x = ramp({2}, 1);
  CHECK(Sequential()(x).is_same(x));
}

/// The bytes that a file of comments and lines of hexadecimal digits spells.
std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream text(path);
  std::string bytes;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with('#')) continue;
    for (std::size_t i = 0; i + 1 < line.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(line.substr(i, 2), nullptr, 16));
    }
  }
  return bytes;
}

TEST_CASE("weights that PyTorch saved fit by their names") {
  const test::Folder folder;
  const std::string path =
      folder.write("net.safetensors", bytes_of(source_folder() / "tests/nn/pytorch_network.hex"));
  Sequential net;
  net.add<Linear>(4, 6);
  net.add<Tanh>();
  net.add<LayerNorm>(6);
  net.add<Linear>(6, 3, LinearOptions{.bias = false});
  net.load_state_dict(load_safetensors(path));
  CHECK(distance("network_with_norm", net, ramp({2, 4}, 20)) < 5e-7);
}

TEST_CASE("a list of modules") {
  struct Net : Module {
    Net() {
      register_module("layers", layers);
      for (int i = 0; i < 3; ++i) layers.add(2, 2, LinearOptions{.bias = false});
    }
    ModuleList<Linear> layers;
  } net;
  CHECK(net.named_parameters()[2].name == "layers.2.weight");
  CHECK(net.layers.size() == 3);
  std::int64_t elements = 0;
  for (const Linear& layer : net.layers) elements += layer.weight().numel();
  CHECK(elements == 12);
  net.eval();
  CHECK(!net.layers[1].is_training());
  net.train();
  CHECK(net.layers[1].is_training());
}

}  // namespace
}  // namespace pg::nn
