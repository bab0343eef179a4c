// Training as a whole: a run that is stopped and resumed ends with the bits of one that is not,
// micro-batches give the gradients of the whole batch, and what cannot be resumed says why.
#include "examples/llama/train/train.h"

#include <doctest/doctest.h>

#include "examples/llama/base/exit_code.h"
#include "examples/llama/base/files.h"
#include "examples/llama/train/checkpoint.h"
#include "examples/llama/train/run_lock.h"
#include "examples/llama/train/step.h"
#include "examples/llama/train/test_support.h"

using namespace llama;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t limit = 1 << 26;

TrainOptions small_run(const fs::path& out) {
  TrainOptions options;
  options.out = out;
  options.model = "char-tiny";
  options.data = {PICOGRAD_SOURCE_DIR "/LICENSE"};
  options.steps = 7;
  options.batch = 4;
  options.seq = 16;
  options.warmup = 2;
  options.eval_every = 0;
  options.checkpoint_every = 2;
  return options;
}

}  // namespace

TEST_CASE("train: stopped and resumed, the bits of the whole run") {
  TestFolder folder("resume");
  for (const std::int64_t parts : {1, 2}) {
    TrainOptions options = small_run(folder.path / fmt::format("whole{}", parts));
    options.accumulate = parts;
    options.data_order = parts == 1 ? DataOrder::Random : DataOrder::Epochs;
    const TrainOutcome whole = train(options);
    CHECK(whole.step == 7);

    options.out = folder.path / fmt::format("parts{}", parts);
    options.stop_after = 3;
    CHECK(train(options).step == 3);
    CHECK(!fs::exists(options.out / "model.safetensors"));
    options.resume = true;
    CHECK(train(options).step == 6);
    const TrainOutcome resumed = train(options);
    CHECK(resumed.step == 7);
    CHECK(resumed.weights_hash == whole.weights_hash);
    CHECK(resumed.validation_loss == whole.validation_loss);
    CHECK(read_file(options.out / "model.safetensors", limit) ==
          read_file(folder.path / fmt::format("whole{}", parts) / "model.safetensors", limit));
  }
}

TEST_CASE("train: any schedule resumes; other settings, data or code are refused") {
  TestFolder folder("changes");
  TrainOptions options = small_run(folder.path / "run");
  options.schedule = ScheduleKind::Wsd;
  options.stop_after = 3;
  train(options);
  options.resume = true;
  TrainOptions changed = options;
  changed.batch = 8;
  changed.schedule = ScheduleKind::Linear;
  changed.run.precision = pg::Precision::Tf32;
  const std::string message = error_of([&] { train(changed); });
  CHECK(
      message.find("cannot be resumed with other settings:\n  --batch 8, in the checkpoint 4\n") !=
      std::string::npos);
  CHECK(message.find("--schedule \"linear\", in the checkpoint \"wsd\"") != std::string::npos);
  CHECK(message.find("--precision \"tf32\", in the checkpoint \"fp32\"") != std::string::npos);

  changed = options;
  std::string text = read_file(options.data[0], limit);
  std::swap(text[100], text[101]);
  write_file(folder.path / "other.txt", text);
  changed.data = {(folder.path / "other.txt").string()};
  CHECK(error_of([&] { train(changed); }).find("was trained on other data than --data") !=
        std::string::npos);

  changed = options;
  changed.keep = 5;  // may be otherwise
  changed.checkpoint_every = 1;
  CHECK(train(changed).step == 6);
  CHECK(Checkpoints(options.out / "checkpoints").steps() ==
        std::vector<std::int64_t>{2, 3, 4, 5, 6});
}

TEST_CASE("train: a folder with a run in it, and one that another trainer works in") {
  TestFolder folder("lock");
  TrainOptions options = small_run(folder.path / "run");
  options.stop_after = 1;
  train(options);
  CHECK(error_of([&] { train(options); }).find("holds the checkpoints of a run; pass --resume") !=
        std::string::npos);
  options.resume = true;
  const RunLock lock(options.out);
  try {
    train(options);
    FAIL("two trainers in one folder");
  } catch (const Failure& failure) {
    CHECK(failure.code() == exit_usage);
    CHECK(std::string(failure.what())
              .find(fmt::format("another trainer works here, process {} on", ::getpid())) !=
          std::string::npos);
  }
}

TEST_CASE("micro-batches: gradients within 2e-6 of the whole batch's, tied and untied") {
  Config config = preset("char-tiny");
  config.vocab_size = 50;
  std::vector<std::int32_t> tokens(1000);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    tokens[i] = static_cast<std::int32_t>(i * i % 47);
  }
  for (const bool tied : {true, false}) {
    CAPTURE(tied);
    config.tied = tied;
    pg::Generator weights(1);
    const Model model = make_model(config, weights);
    const std::vector<pg::Tensor> parameters = trainable(model);
    const Batch batch = DataSource(tokens, {.batch = 6, .seq = 19}).next_batch();
    std::vector<std::vector<float>> whole;
    const StepGradients expected = compute_gradients(model, parameters, batch, 1, 1.0);
    for (const pg::Tensor& parameter : parameters) {
      whole.push_back(parameter.grad().to_vector<float>());
      parameter.zero_grad();
    }
    for (const std::int64_t parts : {2, 3, 6}) {
      const StepGradients got = compute_gradients(model, parameters, batch, parts, 1.0);
      CHECK(got.loss == doctest::Approx(expected.loss).epsilon(1e-6));
      CHECK(got.norm == doctest::Approx(expected.norm).epsilon(1e-6));
      for (std::size_t i = 0; i < parameters.size(); ++i) {
        const std::vector<float> gradient = parameters[i].grad().to_vector<float>();
        double worst = 0, largest = 0;
        for (std::size_t j = 0; j < gradient.size(); ++j) {
          worst = std::max(worst, std::abs(double{gradient[j]} - double{whole[i][j]}));
          largest = std::max(largest, std::abs(double{whole[i][j]}));
        }
        CHECK(worst <= 2e-6 * largest);
        CHECK(largest > 0);
        parameters[i].zero_grad();
      }
    }
    CHECK(error_of([&] { compute_gradients(model, parameters, batch, 4, 1.0); }) ==
          "train: --accumulate 4 does not divide --batch 6");
  }
}
