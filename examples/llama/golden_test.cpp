// The whole model against float64 references made elsewhere: logits, loss, every gradient, AdamW
// curves. Tolerances are NUMERICS.md's: logits 5e-5, losses 2e-5, gradients 1e-5 of the tensor's
// maximum, norms 1e-4 relative, weights after 20 steps 1e-3 of the maximum.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "examples/llama/base/files.h"
#include "examples/llama/base/test_data.h"
#include "examples/llama/base/test_support.h"
#include "examples/llama/dump.h"
#include "examples/llama/tokenizer/tokenizer.h"
#include "examples/llama/weights/rotary_rows.h"
#include "examples/llama/weights/weights.h"
#include "runtime/autograd/tape.h"
#include "runtime/nn/optimizer.h"
#include "runtime/nn/safetensors.h"

using namespace llama;

namespace {

constexpr std::size_t limit = std::size_t{1} << 28;

template <class T>
std::vector<T> read_numbers(const std::filesystem::path& path) {
  std::string bytes = read_file(path, limit);
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), values.size() * sizeof(T));
  return values;
}

// Largest difference, as a fraction of the reference's largest magnitude.
double relative_to_maximum(const std::vector<float>& got, const float* expected) {
  double difference = 0, maximum = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (!std::isfinite(got[i])) return INFINITY;
    difference = std::max(difference, std::abs(double{got[i]} - double{expected[i]}));
    maximum = std::max(maximum, std::abs(double{expected[i]}));
  }
  return difference / maximum;
}

double relative_to_maximum(const pg::Tensor& got, const pg::Tensor& expected) {
  REQUIRE(got.shape() == expected.shape());
  std::vector<float> reference = expected.to_vector<float>();
  return relative_to_maximum(got.to_vector<float>(), reference.data());
}

void check_curve(const std::vector<float>& got, const nlohmann::json& expected, double tolerance) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(double{got[i]} - expected[i].get<double>()) <= tolerance);
  }
}

void check_norms(const std::vector<float>& got, const nlohmann::json& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(got[i] / expected[i].get<double>() - 1) <= 1e-4);
  }
}

// llama2.c's debug state: one batch of 4 x 64 tokens.
struct DebugState {
  std::filesystem::path folder;
  nlohmann::json state;
  Model model;
  pg::Tensor inputs, targets;
  std::vector<pg::Tensor> parameters;

  explicit DebugState(const std::filesystem::path& data)
      : folder(data / "goldens/debug_state_stories260K"),
        state(nlohmann::json::parse(read_file(folder / "state.json", limit))),
        model(load_model(data / "stories260K/stories260K.bin")),
        inputs(pg::from_data(read_numbers<std::int32_t>(folder / "x_4x64.i32"), {4, 64})),
        targets(pg::from_data(read_numbers<std::int32_t>(folder / "y_4x64.i32"), {4, 64})) {
    for (const auto& parameter : model.parameters()) {
      parameters.push_back(parameter.tensor.requires_grad_());
    }
  }
};

// The reference lists gradients in the order of our parameters, but with gate, down, up (w1, w2,
// w3) and interleaved rotary rows; this says where our parameter `i` starts in it.
std::vector<std::size_t> reference_offsets(const DebugState& debug) {
  std::vector<std::size_t> starts, offsets;
  std::size_t at = 0;
  for (const auto& tensor : debug.state["tensors"]) {
    starts.push_back(at);
    std::size_t count = 1;
    for (const auto& size : tensor["shape"]) count *= size.get<std::size_t>();
    at += count;
  }
  for (std::size_t i = 0; i < starts.size(); ++i) {
    std::size_t place = i;
    if (i > 0 && i + 1 < starts.size()) {
      std::size_t member = (i - 1) % 9;  // 7: up is their w3, 8: down is their w2
      if (member == 7) place = i + 1;
      if (member == 8) place = i - 1;
    }
    offsets.push_back(starts[place]);
  }
  return offsets;
}

// Calls check(gradient, reference) for every parameter.
template <class Check>
void for_each_gradient(const DebugState& debug, Check&& check) {
  auto expected = read_numbers<float>(debug.folder / "grads.f32");
  auto offsets = reference_offsets(debug);
  const Config& config = debug.model.config();
  REQUIRE(offsets.size() == debug.parameters.size());
  for (std::size_t i = 0; i < debug.parameters.size(); ++i) {
    const auto& [name, tensor] = debug.model.parameters()[i];
    CAPTURE(name);
    std::span<const float> part(expected.data() + offsets[i],
                                static_cast<std::size_t>(tensor.numel()));
    std::vector<float> reference(part.begin(), part.end());
    bool is_query = name.ends_with("q_proj.weight");
    if (is_query || name.ends_with("k_proj.weight")) {
      reference = interleaved_to_halves(part, is_query ? config.heads : config.kv_heads,
                                        config.head_dim, config.hidden_size);
    }
    check(tensor.grad(), reference);
  }
}

// |got - expected| / |expected| of all elements together.
double relative_l2(const pg::Tensor& got, const std::vector<float>& expected) {
  std::vector<float> values = got.to_vector<float>();
  REQUIRE(values.size() == expected.size());
  double difference = 0, total = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    difference += std::pow(double{values[i]} - double{expected[i]}, 2);
    total += std::pow(double{expected[i]}, 2);
  }
  return std::sqrt(difference / total);
}

// The settings of expected.json.
DumpOptions dump_options(const std::filesystem::path& folder, const nlohmann::json& expected,
                         const TestFolder& out) {
  DumpOptions options;
  options.model = folder;
  options.tokens = folder / "expected.safetensors";
  options.out = out.path / "dump.safetensors";
  options.steps = 20;
  options.learning_rate = expected["lr"];
  options.beta1 = expected["betas"][0];
  options.beta2 = expected["betas"][1];
  options.eps = expected["eps"];
  options.weight_decay = expected["weight_decay"];
  options.clip = expected["clip"];
  return options;
}

}  // namespace

TEST_CASE("stories260K: logits of 64 positions") {
  REQUIRE_DATA(path, "goldens/stories260K_logits_64x512.f64");
  auto expected = read_numbers<double>(path);
  auto golden =
      nlohmann::json::parse(read_file(test_data_folder() / "goldens/stories260K.json", limit));
  std::vector<std::int32_t> ids;
  for (std::size_t i = 0; i < 64; ++i) ids.push_back(golden["greedy_ids"][i]);
  Model model = load_model(test_data_folder() / "stories260K/stories260K.bin");
  auto logits = model.logits(pg::from_data(ids, {1, 64})).to_vector<float>();
  REQUIRE(logits.size() == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    worst = std::max(worst, std::abs(logits[i] - expected[i]));
  }
  MESSAGE("largest difference " << worst);
  CHECK(worst <= 5e-5);
}

// A story of the file runs from a paragraph that opens with "Once upon a time" to the next one that
// opens so or with "One day".
TEST_CASE("stories260K: the loss on 40 stories is 1.246 nats per token") {
  REQUIRE_DATA(path, "tinystories/tinystories_val_moe-routing-bench.txt");
  const std::string text = "\n\n" + read_file(path, limit);
  const Model model = load_model(test_data_folder() / "stories260K/stories260K.bin");
  const auto tokenizer = load_tokenizer(test_data_folder() / "stories260K/tok512.bin", 512);
  constexpr std::string_view opening = "\n\nOnce upon a time", other_opening = "\n\nOne day";
  const pg::NoGrad no_grad;
  double total = 0;
  std::int64_t count = 0;
  std::size_t begin = 0;
  for (int story = 0; story < 40; ++story) {
    begin = text.find(opening, begin) + 2;
    REQUIRE(begin != std::string::npos + 2);
    const std::size_t end = std::min(text.find(opening, begin), text.find(other_opening, begin));
    std::vector<std::int32_t> ids = tokenizer->encode(text.substr(begin, end - begin));
    ids.insert(ids.begin(), tokenizer->bos());
    ids.resize(std::min<std::size_t>(ids.size(), 512));
    const auto length = static_cast<std::int64_t>(ids.size()) - 1;
    const pg::Tensor inputs =
        pg::from_data(std::span<const std::int32_t>(ids).first(ids.size() - 1), {1, length});
    const pg::Tensor targets =
        pg::from_data(std::span<const std::int32_t>(ids).subspan(1), {1, length});
    total += double{model.loss(inputs, targets).item<float>()} * static_cast<double>(length);
    count += length;
  }
  const double loss = total / static_cast<double>(count);
  MESSAGE("loss " << loss << " over " << count << " tokens");
  CHECK(std::abs(loss - 1.246) <= 0.002);
}

TEST_CASE("stories260K in tf32: logits, loss and gradients within the wider tolerances") {
  REQUIRE_DATA(path, "goldens/debug_state_stories260K/state.json");
  DebugState debug(test_data_folder());
  Model& model = debug.model;
  auto fp32 = model.logits(debug.inputs).to_vector<float>();
  model.set_precision(pg::Precision::Tf32);
  auto tf32 = model.logits(debug.inputs).to_vector<float>();
  double worst = 0;
  for (std::size_t i = 0; i < fp32.size(); ++i) {
    worst = std::max(worst, std::abs(double{fp32[i]} - double{tf32[i]}));
  }
  MESSAGE("largest difference of logits " << worst);
  CHECK(worst <= 4e-2);
  CHECK(worst > 0);  // fp32 and tf32 are not the same
  pg::Tensor loss = model.loss(debug.inputs, debug.targets);
  CHECK(std::abs(loss.item<float>() - debug.state["loss"].get<double>()) <= 2e-4);
  loss.backward();
  double largest = 0;
  for_each_gradient(debug, [&](const pg::Tensor& got, const std::vector<float>& expected) {
    double error = relative_l2(got, expected);
    CHECK(error <= 2e-2);
    largest = std::max(largest, error);
  });
  MESSAGE("largest relative error of gradients " << largest);
}

TEST_CASE("stories260K: loss, gradient norm and every gradient") {
  REQUIRE_DATA(path, "goldens/debug_state_stories260K/state.json");
  DebugState debug(test_data_folder());
  pg::Tensor loss = debug.model.loss(debug.inputs, debug.targets);
  CHECK(std::abs(loss.item<float>() - debug.state["loss"].get<double>()) <= 2e-5);
  loss.backward();
  float norm = pg::nn::clip_grad_norm(debug.parameters, 0).norm.item<float>();
  CHECK(std::abs(norm / debug.state["grad_norm"].get<double>() - 1) <= 1e-4);

  for_each_gradient(debug, [](const pg::Tensor& got, const std::vector<float>& expected) {
    CHECK(relative_to_maximum(got.to_vector<float>(), expected.data()) <= 1e-5);
  });
}

TEST_CASE("stories260K: two AdamW curves") {
  REQUIRE_DATA(path, "goldens/debug_state_stories260K/state.json");
  auto run = [&](pg::nn::AdamOptions options, double decay, bool decay_all, double clip,
                 const char* key) {
    DebugState debug(test_data_folder());
    pg::nn::AdamW optimizer(decay_all
                                ? std::vector<pg::nn::ParameterGroup>{{debug.parameters, decay}}
                                : pg::nn::decay_matrices_only(debug.parameters, decay),
                            options);
    std::vector<float> losses, norms;
    for (int step = 0; step < 10; ++step) {
      pg::Tensor loss = debug.model.loss(debug.inputs, debug.targets);
      loss.backward();
      auto gradient = pg::nn::clip_grad_norm(debug.parameters, clip);
      optimizer.step(gradient.clip);
      optimizer.zero_grad();
      losses.push_back(loss.item<float>());
      norms.push_back(gradient.norm.item<float>());
    }
    check_curve(losses, debug.state["adamw"][key]["losses"], 2e-5);
    check_norms(norms, debug.state["adamw"][key]["grad_norms"]);
  };
  run({.lr = 1e-4, .beta1 = 0.9, .beta2 = 0.999}, 0.01, true, 0,
      "llmc_style_lr1e-4_b2.999_wd.01_noclip_decay_all");
  run({.lr = 1e-3, .beta1 = 0.9, .beta2 = 0.95}, 0.1, false, 1,
      "llama_style_lr1e-3_b2.95_wd.1_clip1_decay2d");
}

TEST_CASE("hf_llama_tiny: `llama dump` against transformers in float64") {
  REQUIRE_DATA(folder, "goldens/hf_llama_tiny");
  auto expected = nlohmann::json::parse(read_file(folder / "expected.json", limit));
  pg::nn::SafetensorsFile reference((folder / "expected.safetensors").string());
  const TestFolder out("dump");
  DumpOptions options = dump_options(folder, expected, out);
  dump(options);

  pg::nn::SafetensorsFile got(options.out.string());
  auto logits = got.read("logits").to_vector<float>();
  auto expected_logits = reference.read("step0.logits").to_vector<float>();
  REQUIRE(logits.size() == expected_logits.size());
  double worst = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    worst = std::max(worst, std::abs(double{logits[i]} - double{expected_logits[i]}));
  }
  CHECK(worst <= 5e-5);
  CHECK(std::abs(got.read("loss").item<float>() - expected["loss0"].get<double>()) <= 2e-5);
  CHECK(std::abs(got.read("grad_norm").item<float>() / expected["gradnorm0"].get<double>() - 1) <=
        1e-4);
  check_curve(got.read("losses").to_vector<float>(), expected["losses"], 2e-5);
  check_norms(got.read("grad_norms").to_vector<float>(), expected["gradnorms"]);
  int compared = 0;
  for (const auto& entry : reference.entries()) {
    CAPTURE(entry.name);
    if (entry.name.starts_with("step0.grad.")) {
      CHECK(relative_to_maximum(got.read(entry.name.substr(6)), reference.read(entry.name)) <=
            1e-5);
    } else if (entry.name.starts_with("final.")) {
      CHECK(relative_to_maximum(got.read(entry.name), reference.read(entry.name)) <= 1e-3);
    } else {
      continue;
    }
    ++compared;
  }
  CHECK(compared == 58);
}

TEST_CASE("hf_llama_tiny in tf32: logits, gradients and the mean loss of 20 steps") {
  REQUIRE_DATA(folder, "goldens/hf_llama_tiny");
  auto expected = nlohmann::json::parse(read_file(folder / "expected.json", limit));
  pg::nn::SafetensorsFile reference((folder / "expected.safetensors").string());
  const TestFolder out("dump_tf32");
  DumpOptions options = dump_options(folder, expected, out);
  options.run.precision = pg::Precision::Tf32;
  dump(options);

  pg::nn::SafetensorsFile got(options.out.string());
  auto logits = got.read("logits").to_vector<float>();
  auto expected_logits = reference.read("step0.logits").to_vector<float>();
  REQUIRE(logits.size() == expected_logits.size());
  double worst = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    worst = std::max(worst, std::abs(double{logits[i]} - double{expected_logits[i]}));
  }
  CHECK(worst <= 4e-2);
  CHECK(worst > 5e-5);  // fp32's bound: the precision was heeded
  for (const auto& entry : reference.entries()) {
    if (!entry.name.starts_with("step0.grad.")) continue;
    CAPTURE(entry.name);
    CHECK(relative_l2(got.read(entry.name.substr(6)),
                      reference.read(entry.name).to_vector<float>()) <= 2e-2);
  }
  auto losses = got.read("losses").to_vector<float>();
  REQUIRE(losses.size() == expected["losses"].size());
  double shift = 0;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    shift += double{losses[i]} - expected["losses"][i].get<double>();
  }
  CHECK(std::abs(shift / static_cast<double>(losses.size())) <= 2e-4);
}
