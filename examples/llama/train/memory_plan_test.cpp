// The memory estimate against the peak that steps really reach, and what does not fit.
#include "examples/llama/train/memory_plan.h"

#include <doctest/doctest.h>

#include "examples/llama/data/data_source.h"
#include "examples/llama/train/step.h"
#include "runtime/device/buffer.h"
#include "runtime/device/error.h"
#include "runtime/nn/optimizer.h"

using namespace llama;

namespace {

Batch some_batch(const Config& config, std::int64_t sequences, std::int64_t seq) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(sequences * seq));
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ids[i] = static_cast<std::int32_t>(i * 7 % static_cast<std::size_t>(config.vocab_size));
  }
  const pg::Tensor tokens = pg::from_data(ids, {sequences, seq});
  return {tokens, tokens};
}

/// Peak of the third step, above what was there before.
std::int64_t measured_peak(const Config& config, std::int64_t batch, std::int64_t seq,
                           std::int64_t accumulate) {
  const pg::Device device = pg::default_device();
  const auto before = static_cast<std::int64_t>(pg::memory_statistics(device).live_bytes);
  pg::Generator generator(1);
  const Model model = make_model(config, generator, device);
  const std::vector<pg::Tensor> parameters = trainable(model);
  pg::nn::AdamW optimizer(pg::nn::decay_matrices_only(parameters, 0.1), {});
  for (int step = 0; step < 3; ++step) {
    pg::reset_peak_memory(device);
    const StepGradients gradients =
        compute_gradients(model, parameters, some_batch(config, batch, seq), accumulate, 1.0);
    optimizer.step(gradients.clip);
    optimizer.zero_grad();
  }
  return static_cast<std::int64_t>(pg::memory_statistics(device).peak_bytes) - before;
}

Config shape(std::int64_t layers, std::int64_t vocab, bool tied) {
  Config config{64, 172, layers, 4, 2, 16, vocab, 128};
  config.tied = tied;
  return config;
}

}  // namespace

TEST_CASE("memory plan: within three percent of the peak of real steps") {
  struct Case {
    Config config;
    std::int64_t batch, seq, accumulate;
  };
  const auto small = [](std::string_view name) {
    Config config = preset(name);
    config.vocab_size = 65;
    return config;
  };
  // The activations, the logits, the weights, and the weights and gradients dominate in turn; then
  // presets as they train on characters.
  for (const auto& [config, batch, seq, accumulate] :
       {Case{shape(4, 70, true), 4, 64, 1}, Case{shape(2, 2000, true), 4, 64, 1},
        Case{shape(6, 70, false), 1, 16, 1}, Case{shape(3, 900, false), 4, 48, 4},
        Case{shape(1, 3000, false), 2, 8, 1}, Case{small("char-tiny"), 8, 64, 1},
        Case{small("char-small"), 8, 64, 1}, Case{small("char-small"), 8, 64, 2}}) {
    CAPTURE(config.layers);
    CAPTURE(config.vocab_size);
    const double planned = static_cast<double>(
        training_memory(config, batch / accumulate, seq, accumulate > 1, pg::default_device())
            .device_peak);
    const double measured = static_cast<double>(measured_peak(config, batch, seq, accumulate));
    MESSAGE("planned " << planned << " measured " << measured << " ratio " << planned / measured);
    CHECK(planned >= 0.97 * measured);
    CHECK(planned <= 1.03 * measured);
  }
}

TEST_CASE("memory plan: what does not fit is refused with what would") {
  TrainOptions options;
  options.batch = 8;
  options.seq = 512;
  options.run.device = pg::cpu_device;
  const Config config = preset("15M");
  const auto peak = [&](std::int64_t accumulate) {
    return training_memory(config, 8 / accumulate, 512, accumulate > 1, pg::cpu_device).device_peak;
  };
  CHECK_NOTHROW(check_fits(config, options, peak(1)));
  CHECK_THROWS_WITH_AS(check_fits(config, options, peak(1) - 1),
                       doctest::Contains("--accumulate 2 needs"), pg::OutOfMemory);
  CHECK_THROWS_WITH_AS(check_fits(config, options, peak(8)),
                       doctest::Contains("--accumulate 8 needs"), pg::OutOfMemory);
  CHECK_THROWS_WITH_AS(check_fits(config, options, peak(8) - 1),
                       doctest::Contains("even one sequence at a time needs"), pg::OutOfMemory);
  CHECK(available_bytes(pg::cpu_device) > 1 << 20);
  CHECK(memory_table(config, options).find("activations") != std::string::npos);
}
