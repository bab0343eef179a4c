// Training as a whole: a run that is stopped and resumed ends with the bits of one that is not,
// micro-batches give the gradients of the whole batch, and what cannot be resumed says why.
#include "examples/llama/train/train.h"

#include <doctest/doctest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "examples/llama/base/exit_code.h"
#include "examples/llama/base/files.h"
#include "examples/llama/base/test_support.h"
#include "examples/llama/model/cost.h"
#include "examples/llama/report/metrics.h"
#include "examples/llama/train/checkpoint.h"
#include "examples/llama/train/replay.h"
#include "examples/llama/train/run_lock.h"
#include "examples/llama/train/step.h"
#include "examples/llama/train/step_guard.h"
#include "examples/llama/weights/weights.h"
#include "runtime/device/profile.h"
#include "runtime/nn/safetensors.h"
#include "runtime/ops/fill.h"

using namespace llama;
namespace fs = std::filesystem;

namespace {

constexpr std::size_t limit = 1 << 26;

// A text of 1200 characters, 47 of them distinct.
std::string small_text() {
  std::string text;
  for (int i = 0; i < 1200; ++i) text += static_cast<char>('A' + i * i % 47);
  return text;
}

// A few steps in the folder `out`; the text lies beside it.
TrainOptions small_run(const fs::path& out) {
  const fs::path text = out.parent_path() / "text.txt";
  write_file(text, small_text());
  TrainOptions options;
  options.out = out;
  options.model = "char-tiny";
  options.data = {text.string()};
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

TEST_CASE("train: each step logs its share of what the device can do") {
  TestFolder folder("shares");
  TrainOptions options = small_run(folder.path / "run");
  options.steps = 2;
  train(options);
  const RunMetrics metrics = read_metrics(options.out.string());
  REQUIRE(metrics.steps.size() == 2);
  for (const StepMetrics& step : metrics.steps) {
    CHECK(step.flops_share > 0);
    CHECK(step.bandwidth_share > 0);
  }
}

TEST_CASE("train: a trace has each step's parts, and products of as many flops as the model has") {
  TestFolder folder("trace");
  TrainOptions options = small_run(folder.path / "run");
  options.steps = 2;
  pg::start_trace();
  train(options);
  const auto trace = nlohmann::json::parse(pg::take_trace());
  std::map<std::string, int> ranges;
  std::vector<std::pair<double, double>> steps;
  for (const auto& event : trace.at("traceEvents")) {
    if (event.value("cat", "") != "host") continue;
    ++ranges[event.at("name")];
    const double begin = event.at("ts");
    if (event.at("name") == "step")
      steps.emplace_back(begin, begin + event.at("dur").get<double>());
  }
  CHECK(ranges == std::map<std::string, int>{{"backward", 2},
                                             {"evaluate", 1},
                                             {"forward", 2},
                                             {"checkpoint", 1},
                                             {"optimizer", 2},
                                             {"step", 2}});
  REQUIRE(steps.size() == 2);
  double products = 0;
  for (const auto& event : trace.at("traceEvents")) {
    const bool is_product = event.at("name").get<std::string>().starts_with("matmul");
    const double at = event.at("ph") == "X" ? event.at("ts").get<double>() : 0;
    if (!is_product || at < steps[0].first || at > steps[0].second) continue;
    products += event.at("args").at("flops").get<double>();
  }
  const Config config = load_model(options.out).config();
  const double tokens = static_cast<double>(options.batch * options.seq);
  CHECK(products == 3 * tokens * flops_per_token(config, options.seq).projections);
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
  changed.given = {"batch", "schedule", "precision"};
  const std::string message = message_of([&] { train(changed); });
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
  changed.given = {"data"};
  CHECK(message_of([&] { train(changed); }).find("was trained on other data than --data") !=
        std::string::npos);

  changed = options;
  changed.keep = 5;  // may be otherwise
  changed.checkpoint_every = 1;
  changed.given = {"keep", "checkpoint-every"};
  CHECK(train(changed).step == 6);
  CHECK(Checkpoints(options.out / "checkpoints").steps() ==
        std::vector<std::int64_t>{2, 3, 4, 5, 6});
}

TEST_CASE("train: other validation data than the checkpoint's are refused") {
  TestFolder folder("validation");
  const fs::path validation = folder.path / "validation.txt";
  const std::string text = small_text().substr(0, 100);
  write_file(validation, text);
  TrainOptions options = small_run(folder.path / "run");
  options.validation_data = {validation.string()};
  options.stop_after = 2;
  train(options);
  options.resume = true;
  write_file(validation, text.substr(1) + text[0]);
  CHECK(message_of([&] { train(options); })
            .find(fmt::format("was trained on other data than --data {} --val-data {}",
                              options.data[0], validation.string())) != std::string::npos);
  write_file(validation, text);
  CHECK(train(options).step == 4);
}

TEST_CASE("train: options that contradict each other are refused before anything is made") {
  TestFolder folder("contradictions");
  const auto problem = [&](auto&& change) {
    TrainOptions options = small_run(folder.path / "run");
    change(options);
    const std::string message = message_of([&] { train(options); });
    CHECK(!fs::exists(options.out));
    return message;
  };
  CHECK(problem([](TrainOptions& o) { o.accumulate = 3; }) ==
        "train: --accumulate 3 does not divide --batch 4");
  CHECK(problem([](TrainOptions& o) {
          o.batch = std::int64_t{1} << 31;
          o.seq = std::int64_t{1} << 31;
        }).find("are more than 268435456 tokens a step") != std::string::npos);
  CHECK(problem([](TrainOptions& o) {
          o.schedule = ScheduleKind::Wsd;
          o.decay_ratio = 0.9;
          o.steps = 20;
          o.warmup = 5;
        }) == "train: --decay-ratio 0.9 of --steps 20 is 18 steps, --warmup 5 leaves 15");
  CHECK(
      problem([](TrainOptions& o) { o.resume = true; }).ends_with("there is none to resume from"));
}

TEST_CASE("train: a folder with a run in it, and one that another trainer works in") {
  TestFolder folder("lock");
  TrainOptions options = small_run(folder.path / "run");
  options.stop_after = 1;
  train(options);
  CHECK(message_of([&] { train(options); }).find("holds the checkpoints of a run; pass --resume") !=
        std::string::npos);
  options.resume = true;
  const RunLock lock(options.out);
  // Nothing of the run is looked at without the lock: the damage is not noticed.
  write_file(options.out / "checkpoints/step-000001/config.json", "{}");
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

TEST_CASE("train: a step that was dumped is replayed to the same bits, a changed one is found") {
  TestFolder folder("replay");
  TrainOptions options = small_run(folder.path / "run");
  options.accumulate = 2;
  options.dump_step = 3;
  options.sample_every = 3;
  const TrainOutcome dumped = train(options);
  const Replay same = replay(options.out, 3, options.run);
  CHECK(same.is_same());
  CHECK(same.recorded.is_updated);
  CHECK(std::stof(same.recorded.loss) > 1);
  CHECK(read_file(options.out / "samples.txt", limit).starts_with("--- step 3 ---\n"));
  // Watching changes nothing.
  TrainOptions unwatched = small_run(folder.path / "unwatched");
  unwatched.accumulate = 2;
  CHECK(train(unwatched).weights_hash == dumped.weights_hash);

  StepRecord other = same.recorded;
  other.learning_rate *= 1.0001;  // what another machine did
  dump_record(dump_path(options.out, 3), other);
  const Replay different = replay(options.out, 3, options.run);
  CHECK(!different.is_same());
  CHECK(different.computed.loss == different.recorded.loss);
  CHECK(different.computed.weights_hash != different.recorded.weights_hash);
  CHECK(message_of([&] {
          replay(options.out, 4, options.run);
        }).ends_with("step 4 was not dumped; train --dump-step 4 dumps it"));
}

TEST_CASE("train: a loss that is not finite is traced to its op and stops, is skipped or ignored") {
  TestFolder folder("nan");
  // Weights as large as this overflow in the product with them.
  TrainOptions options = small_run(folder.path / "first");
  options.tokenizer = "bytes";
  train(options);
  const fs::path model = folder.path / "model";
  fs::create_directories(model);
  fs::copy_file(options.out / "config.json", model / "config.json");
  auto weights = pg::nn::load_safetensors((options.out / "model.safetensors").string());
  for (auto& named : weights) {
    if (named.name.ends_with("0.mlp.up_proj.weight")) {
      named.tensor = pg::full(named.tensor.shape(), 3e38, pg::DType::F32, pg::cpu_device);
    }
  }
  pg::nn::save_safetensors((model / "model.safetensors").string(), weights);

  options.model = model.string();
  options.steps = 2;
  options.checkpoint_every = 0;
  options.out = folder.path / "stop";
  try {
    train(options);
    FAIL("a loss that is not finite was accepted");
  } catch (const Failure& failure) {
    const std::string message = failure.what();
    CAPTURE(message);
    CHECK(failure.code() == exit_check_failed);
    CHECK(message.starts_with("train: step 1: loss "));
    CHECK(message.find(": linear: the result f32 [4, 16, ") != std::string::npos);
    CHECK(message.find(" of layer 0 (") != std::string::npos);
    CHECK(message.find("--step 1` computes it again") != std::string::npos);
  }
  CHECK(replay(options.out, 1, options.run).is_same());

  options.out = folder.path / "skip";
  options.on_nan = OnNan::Skip;
  const TrainOutcome skipped = train(options);
  CHECK(skipped.skipped == 2);
  CHECK(skipped.step == 2);
  std::vector<pg::Tensor> before;
  for (const auto& named : weights) before.push_back(named.tensor);
  CHECK(skipped.weights_hash == pg::nn::hash_of(before));
  CHECK(replay(options.out, 2, options.run).is_same());

  options.out = folder.path / "ignore";
  options.on_nan = OnNan::Ignore;
  const TrainOutcome ignored = train(options);
  CHECK(ignored.skipped == 0);
  CHECK(ignored.weights_hash != skipped.weights_hash);
  CHECK(replay(options.out, 2, options.run).is_same());
}

TEST_CASE("train: a loss far above the usual is dumped, and the run goes on") {
  TestFolder folder("spike");
  const TrainOptions options = small_run(folder.path / "run");
  fs::create_directories(options.out);
  Run run = start_run(options);
  const Batch batch = run.source.next_batch();
  StepGuard guard(options);
  const auto step_with_loss = [&](float loss) {
    const StepGradients gradients{.loss = loss, .norm = 1, .clip = {}};
    CHECK(guard.admits(run, batch, gradients));
    ++run.step;
    guard.finish(run, gradients, true);
    return fs::exists(dump_path(options.out, run.step) / "record.json");
  };
  CHECK(!step_with_loss(7));  // at the beginning anything is usual
  for (int i = 0; i < 60; ++i) CHECK(!step_with_loss(2));
  CHECK(!step_with_loss(5.9f));
  CHECK(step_with_loss(12));
  CHECK(read_record(dump_path(options.out, run.step)).loss == "12");
}

TEST_CASE("train: eight steps are dumped, and besides them the one that ends the run") {
  TestFolder folder("dumps");
  TrainOptions options = small_run(folder.path / "run");
  options.on_nan = OnNan::Ignore;
  fs::create_directories(options.out);
  Run run = start_run(options);
  const Batch batch = run.source.next_batch();
  StepGuard guard(options);
  const StepGradients lost{.loss = NAN, .norm = 1, .clip = {}};
  for (int i = 1; i <= 9; ++i, ++run.step) {
    CHECK(guard.admits(run, batch, lost));
    CHECK(fs::exists(dump_path(options.out, i)) == (i <= 8));
  }
  options.on_nan = OnNan::Stop;
  CHECK(message_of([&] { guard.admits(run, batch, lost); }).find("--step 10` computes it again") !=
        std::string::npos);
  CHECK(read_record(dump_path(options.out, 10)).loss == "nan");
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
    CHECK(message_of([&] { compute_gradients(model, parameters, batch, 4, 1.0); }) ==
          "train: --accumulate 4 does not divide --batch 6");
  }
}
