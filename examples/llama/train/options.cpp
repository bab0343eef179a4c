// See options.h.
#include "examples/llama/train/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "examples/llama/base/exit_code.h"
#include "examples/llama/base/json.h"

namespace llama {

NLOHMANN_JSON_SERIALIZE_ENUM(ScheduleKind, {{ScheduleKind::Cosine, "cosine"},
                                            {ScheduleKind::Linear, "linear"},
                                            {ScheduleKind::Constant, "constant"},
                                            {ScheduleKind::Wsd, "wsd"}})
NLOHMANN_JSON_SERIALIZE_ENUM(OnNan, {{OnNan::Stop, "stop"},
                                     {OnNan::Skip, "skip"},
                                     {OnNan::Ignore, "ignore"}})
NLOHMANN_JSON_SERIALIZE_ENUM(DataOrder,
                             {{DataOrder::Epochs, "epochs"}, {DataOrder::Random, "random"}})

namespace {

// Calls visit(name of the flag, field) for every setting: the one list of them.
template <class Options, class Visit>
void each_setting(Options& options, Visit&& visit) {
  visit("model", options.model);
  visit("data", options.data);
  visit("val-data", options.validation_data);
  visit("field", options.field);
  visit("tokenizer", options.tokenizer);
  visit("data-order", options.data_order);
  visit("steps", options.steps);
  visit("batch", options.batch);
  visit("seq", options.seq);
  visit("accumulate", options.accumulate);
  visit("schedule", options.schedule);
  visit("lr", options.learning_rate);
  visit("min-lr-ratio", options.min_learning_rate_ratio);
  visit("warmup", options.warmup);
  visit("decay-ratio", options.decay_ratio);
  visit("beta1", options.beta1);
  visit("beta2", options.beta2);
  visit("eps", options.eps);
  visit("weight-decay", options.weight_decay);
  visit("clip", options.clip);
  visit("on-nan", options.on_nan);
  visit("seed", options.seed);
}

// What a resumed run may do otherwise: no weight depends on it.
template <class Options, class Visit>
void each_habit(Options& options, Visit&& visit) {
  visit("eval-every", options.eval_every);
  visit("checkpoint-every", options.checkpoint_every);
  visit("keep", options.keep);
  visit("sample-every", options.sample_every);
  visit("spike", options.spike);
}

constexpr std::int64_t most_step_tokens = 1 << 28;  // no size of a step overflows

std::int64_t decay_steps(const TrainOptions& o) {
  return static_cast<std::int64_t>(o.decay_ratio * static_cast<double>(o.steps));
}

// A file that is there, by a name that means the same in every folder.
std::string absolute_if_file(const std::string& name) {
  return std::filesystem::exists(name) ? std::filesystem::absolute(name).lexically_normal().string()
                                       : name;
}

}  // namespace

void check(const TrainOptions& o) {
  const auto require = [](bool holds, const std::string& what) {
    if (!holds) throw Failure(exit_usage, "train: " + what);
  };
  require(o.batch % o.accumulate == 0,
          fmt::format("--accumulate {} does not divide --batch {}", o.accumulate, o.batch));
  require(o.batch <= most_step_tokens / o.seq,
          fmt::format("--batch {} of --seq {} are more than {} tokens a step", o.batch, o.seq,
                      most_step_tokens));
  if (o.schedule != ScheduleKind::Wsd) return;
  const std::int64_t after_warmup = std::max<std::int64_t>(o.steps - o.warmup, 0);
  require(decay_steps(o) <= after_warmup,
          fmt::format("--decay-ratio {} of --steps {} is {} steps, --warmup {} leaves {}",
                      o.decay_ratio, o.steps, decay_steps(o), o.warmup, after_warmup));
}

nlohmann::json settings_of(const TrainOptions& options) {
  TrainOptions placed = options;
  placed.model = absolute_if_file(placed.model);
  placed.tokenizer = absolute_if_file(placed.tokenizer);
  std::ranges::transform(placed.data, placed.data.begin(), absolute_if_file);
  std::ranges::transform(placed.validation_data, placed.validation_data.begin(), absolute_if_file);
  nlohmann::json settings = nlohmann::json::object();
  const auto add = [&](const char* name, const auto& field) { settings[name] = field; };
  each_setting(placed, add);
  each_habit(placed, add);
  settings["precision"] = pg::name_of(options.run.precision);
  // In fp32 all devices give the same bits.
  if (options.run.precision != pg::Precision::Fp32) {
    settings["device"] = options.run.device.is_cuda() ? "cuda" : "cpu";
  }
  return settings;
}

void adopt_settings(TrainOptions& options, const nlohmann::json& settings) {
  const JsonField kept(settings, "the checkpoint's settings");
  const auto adopt = [&](const char* name, auto& field) {
    if (!options.given.contains(name)) kept[name].read_into(field);
  };
  each_setting(options, adopt);
  each_habit(options, adopt);
  if (!options.given.contains("precision")) {
    const bool is_tf32 = kept["precision"].text() == pg::name_of(pg::Precision::Tf32);
    options.run.precision = is_tf32 ? pg::Precision::Tf32 : pg::Precision::Fp32;
  }
}

std::string differences(const nlohmann::json& settings, const nlohmann::json& in_checkpoint) {
  std::set<std::string> unchecked = {"data", "val-data"};  // compared by content
  const TrainOptions any;
  each_habit(any, [&](const char* name, const auto&) { unchecked.insert(name); });
  std::string lines;
  for (const auto& [name, value] : settings.items()) {
    const auto found = in_checkpoint.find(name);
    if (unchecked.contains(name) || (found != in_checkpoint.end() && *found == value)) continue;
    lines += fmt::format("\n  --{} {}, in the checkpoint {}", name, value.dump(),
                         found == in_checkpoint.end() ? "none" : found->dump());
  }
  return lines;
}

pg::nn::Schedule make_schedule(const TrainOptions& o) {
  const double lowest = o.learning_rate * o.min_learning_rate_ratio;
  const std::int64_t steps = o.steps - o.warmup;
  const auto shape = [&]() -> pg::nn::Schedule {
    switch (o.schedule) {
      case ScheduleKind::Cosine:
        return pg::nn::CosineSchedule{o.learning_rate, lowest, steps};
      case ScheduleKind::Linear:
        return pg::nn::LinearSchedule{o.learning_rate, lowest, steps};
      case ScheduleKind::Constant:
        return pg::nn::ConstantSchedule{o.learning_rate};
      case ScheduleKind::Wsd:
        return pg::nn::WsdSchedule{o.learning_rate, lowest, steps, decay_steps(o)};
    }
    std::unreachable();
  };
  return pg::nn::WarmupSchedule{.steps = o.warmup, .then = shape()};
}

}  // namespace llama
