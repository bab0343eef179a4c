// Training on a GPU: a few steps there end with the CPU's losses and weights, bit for bit. The
// default device stays the CPU, so an op that forgets where its operands are is found.
#include <doctest/doctest.h>

#include <cstdio>
#include <vector>

#include "examples/llama/data/data_source.h"
#include "examples/llama/model/model.h"
#include "runtime/device/device.h"
#include "runtime/nn/optimizer.h"

namespace llama {
namespace {

struct Outcome {
  std::vector<float> losses;
  std::vector<std::vector<float>> weights;
};

Outcome train_on(pg::Device device) {
  Config config = preset("char-tiny");
  config.vocab_size = 50;
  pg::Generator generator(1);
  const Model model = make_model(config, generator, device);
  std::vector<pg::Tensor> parameters;
  for (const NamedTensor& parameter : model.parameters()) {
    parameters.push_back(parameter.tensor.requires_grad_());
  }
  pg::nn::AdamW optimizer(pg::nn::decay_matrices_only(parameters, 0.1), {});
  std::vector<std::int32_t> tokens(1000);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    tokens[i] = static_cast<std::int32_t>(i * i % 47);
  }
  DataSource source(tokens, {.batch = 2, .seq = 19, .seed = 2});
  Outcome outcome;
  for (int step = 0; step < 3; ++step) {
    const Batch batch = source.next_batch(device);
    const pg::Tensor loss = model.loss(batch.inputs, batch.targets);
    loss.backward();
    optimizer.step(pg::nn::clip_grad_norm(parameters, 1.0).clip);
    optimizer.zero_grad();
    CHECK(loss.device() == device);
    outcome.losses.push_back(loss.item<float>());
  }
  for (const pg::Tensor& parameter : parameters) {
    CHECK(parameter.device() == device);
    outcome.weights.push_back(parameter.to_vector<float>());
  }
  return outcome;
}

TEST_CASE("training on a GPU gives the CPU's bits") {
  if (pg::cuda_device_count() == 0) {
    std::printf("SKIP training on a GPU gives the CPU's bits: no GPU\n");
    return;
  }
  const pg::Device chosen = pg::default_device();
  pg::set_default_device(pg::cpu_device);
  const Outcome on_cpu = train_on(pg::cpu_device);
  const Outcome on_gpu = train_on(pg::cuda_device());
  pg::set_default_device(chosen);
  CHECK(on_cpu.losses == on_gpu.losses);
  CHECK(on_cpu.weights == on_gpu.weights);
}

}  // namespace
}  // namespace llama
