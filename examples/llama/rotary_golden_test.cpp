// Llama 3's rotary scaling in a whole model: a small random checkpoint (bf16, three shards, tied
// head) and what transformers computes with it in float64, at positions before and beyond the
// original context.
#include <doctest/doctest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "examples/llama/base/files.h"
#include "examples/llama/decoder.h"
#include "examples/llama/model/rotary.h"
#include "examples/llama/weights/weights.h"
#include "runtime/autograd/check_gradients.h"
#include "runtime/autograd/functions.h"
#include "runtime/tensor/random.h"

using namespace llama;

namespace {

const std::filesystem::path golden =
    std::filesystem::path(PICOGRAD_SOURCE_DIR) / "tests/goldens/llama3_rope";

double worst_difference(const float* got, const std::vector<double>& expected) {
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::abs(double{got[i]} - expected[i]));
  }
  return worst;
}

struct Golden {
  nlohmann::json expected = nlohmann::json::parse(read_file(golden / "expected.json", 1 << 20));
  std::vector<std::int32_t> tokens = expected["tokens"];
  Model model = load_model(golden);
  std::int64_t length = static_cast<std::int64_t>(tokens.size()) - 1;

  pg::Tensor inputs() const {
    return pg::from_data(std::span(tokens).first(tokens.size() - 1), {1, length});
  }
  pg::Tensor targets() const { return pg::from_data(std::span(tokens).subspan(1), {1, length}); }
};

}  // namespace

TEST_CASE("Llama 3 rotary scaling: logits, loss and gradients against transformers in float64") {
  Golden g;
  CHECK(g.model.config().rope_scaling == RopeScaling{RopeScaling::Kind::Llama3, 8.0, 1.0, 4.0, 32});
  CHECK(g.model.config().tied);
  const std::vector<float> logits = g.model.logits(g.inputs()).to_vector<float>();
  const auto vocab = static_cast<std::size_t>(g.model.config().vocab_size);
  for (std::size_t i = 0; i < g.expected["positions"].size(); ++i) {
    const std::size_t position = g.expected["positions"][i];
    CAPTURE(position);
    CHECK(worst_difference(&logits[position * vocab], g.expected["logits"][i]) <= 5e-5);
  }
  for (const NamedTensor& named : g.model.parameters()) named.tensor.requires_grad_();
  const pg::Tensor loss = g.model.loss(g.inputs(), g.targets());
  CHECK(std::abs(loss.item<float>() - g.expected["loss"].get<double>()) <= 2e-5);
  loss.backward();
  const std::vector<float> query = g.model.layers()[0].query.grad().to_vector<float>();
  CHECK(worst_difference(query.data(), g.expected["q_proj_0_grad_row0"]) <=
        1e-5 * g.expected["q_max"].get<double>());
  const std::vector<float> key = g.model.layers()[1].key.grad().to_vector<float>();
  CHECK(worst_difference(&key[3 * 32], g.expected["k_proj_1_grad_row3"]) <=
        1e-5 * g.expected["k_max"].get<double>());
}

TEST_CASE("Llama 3 rotary scaling: one token at a time gives the bits of the whole") {
  Golden g;
  const std::vector<float> logits = g.model.logits(g.inputs()).to_vector<float>();
  Decoder decoder(g.model, g.length);
  const auto vocab = static_cast<std::size_t>(g.model.config().vocab_size);
  for (std::size_t i = 0; i < static_cast<std::size_t>(g.length); ++i) {
    CAPTURE(i);
    const std::vector<float> step =
        decoder.feed(std::span(g.tokens).subspan(i, 1)).to_vector<float>();
    CHECK(std::equal(step.begin(), step.end(), logits.begin() + static_cast<long>(i * vocab)));
  }
}

TEST_CASE("Llama 3 rotary scaling: the gradient of the turned heads") {
  const Config config = read_config(golden);
  pg::Generator generator(9);
  const pg::Tensor x = pg::randn({2, 3, 2, 16}, &generator);
  const pg::Tensor start = pg::from_data(std::vector<std::int64_t>{35}, {1});
  CHECK(pg::check_gradients(
            [&](const pg::Tensors& in) {
              const auto tables = rotary_tables(config, 40, in[0].device());
              return pg::square(pg::rope(in[0], tables, in[1], pg::ops::RopeStyle::Halves));
            },
            {x, start}) == "");
}
