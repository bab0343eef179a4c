// Kernels are compiled for stride classes, never for sizes: a training step needs few of them, and
// another batch or length none. The count is the process's, so this test has a program of its own.
#include <doctest/doctest.h>

#include "examples/llama/data/data_source.h"
#include "examples/llama/model/model.h"
#include "runtime/device/kernel.h"
#include "runtime/nn/optimizer.h"

using namespace llama;

TEST_CASE("one training step compiles at most 60 kernels, another batch or length adds none") {
  Config config = preset("char-small");
  config.vocab_size = 65;
  pg::Generator generator(1);
  Model model = make_model(config, generator);
  std::vector<pg::Tensor> parameters;
  for (const auto& parameter : model.parameters()) {
    parameters.push_back(parameter.tensor.requires_grad_());
  }
  pg::nn::AdamW optimizer(pg::nn::decay_matrices_only(parameters, 0.1), {});
  std::vector<std::int32_t> tokens(2000);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<std::int32_t>(i * i % 65);
  auto step = [&](std::int64_t batch, std::int64_t seq) {
    Batch windows = DataSource(tokens, {.batch = batch, .seq = seq}).next_batch();
    model.loss(windows.inputs, windows.targets).backward();
    optimizer.step(pg::nn::clip_grad_norm(parameters, 1).clip);
    optimizer.zero_grad();
  };
  std::uint64_t before = pg::compiled_variants();
  step(12, 64);
  std::uint64_t first = pg::compiled_variants() - before;
  MESSAGE(first << " kernels");
  CHECK(first <= 60);
  step(7, 64);
  step(12, 48);
  step(5, 31);
  step(2, 33);
  step(1, 40);
  CHECK(pg::compiled_variants() - before == first);
}
