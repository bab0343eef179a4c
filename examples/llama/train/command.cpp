// See command.h.
#include "examples/llama/train/command.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "examples/llama/base/exit_code.h"
#include "examples/llama/base/say.h"
#include "examples/llama/base/units.h"
#include "examples/llama/train/checkpoint.h"
#include "examples/llama/train/memory_plan.h"
#include "examples/llama/train/replay.h"
#include "examples/llama/train/run.h"
#include "examples/llama/train/train.h"
#include "tools/cli/parse.h"

namespace llama {

namespace {

void add_data_options(CLI::App& command, TrainOptions& o) {
  command.add_option("--out", o.out, "folder for the model, its checkpoints and records")
      ->required();
  command
      .add_option("--data", o.data,
                  "text, .jsonl or token files (.tokens, .bin), or folders of token files")
      ->check(CLI::ExistingPath);
  command.add_option("--val-data", o.validation_data, "instead of the last tenth of --data")
      ->check(CLI::ExistingPath);
  command.add_option("--field", o.field, "of .jsonl files: which one is the text")
      ->capture_default_str();
  command
      .add_option(
          "--model", o.model,
          fmt::format("config.json, weights to go on from, or a preset: {}", preset_names()))
      ->capture_default_str();
  command.add_option("--tokenizer", o.tokenizer, "chars, bytes, a file or a folder with one")
      ->capture_default_str();
  command.add_option("--data-order", o.data_order, "random windows, or each once in epochs")
      ->default_str("random")
      ->transform(
          cli::one_of<DataOrder>({{"epochs", DataOrder::Epochs}, {"random", DataOrder::Random}}));
  command.add_option("--steps", o.steps, "updates")
      ->capture_default_str()
      ->check(cli::count_from(1));
  command.add_option("--batch", o.batch, "sequences a step")
      ->capture_default_str()
      ->check(cli::count_from(1));
  command.add_option("--seq", o.seq, "tokens a sequence")
      ->capture_default_str()
      ->check(cli::count_from(1));
  command
      .add_option("--accumulate", o.accumulate,
                  "parts that the batch is cut into to save memory; must divide --batch")
      ->capture_default_str()
      ->check(cli::count_from(1));
  command.add_option("--seed", o.seed, "of all random numbers")
      ->capture_default_str()
      ->check(cli::count_from(0));
}

void add_optimizer_options(CLI::App& command, TrainOptions& o) {
  command.add_option("--lr", o.learning_rate, "peak learning rate")
      ->capture_default_str()
      ->check(cli::number_in(0, 100));
  command
      .add_option("--schedule", o.schedule,
                  "course of the learning rate; wsd: warm-up, stable, decay")
      ->default_str("cosine")
      ->transform(cli::one_of<ScheduleKind>({{"cosine", ScheduleKind::Cosine},
                                             {"linear", ScheduleKind::Linear},
                                             {"constant", ScheduleKind::Constant},
                                             {"wsd", ScheduleKind::Wsd}}));
  command.add_option("--min-lr-ratio", o.min_learning_rate_ratio, "last learning rate / peak")
      ->capture_default_str()
      ->check(cli::number_in(0, 1));
  command.add_option("--warmup", o.warmup, "steps of linear warm-up")
      ->capture_default_str()
      ->check(cli::count_from(0));
  command
      .add_option("--decay-ratio", o.decay_ratio, "wsd: part of the steps that decays, at the end")
      ->capture_default_str()
      ->check(cli::number_in(0, 1));
  command.add_option("--beta1", o.beta1)->capture_default_str()->check(cli::number_in(0, 0.99999));
  command.add_option("--beta2", o.beta2)->capture_default_str()->check(cli::number_in(0, 0.999999));
  command.add_option("--eps", o.eps)->capture_default_str()->check(cli::number_in(1e-30, 1));
  command.add_option("--weight-decay", o.weight_decay, "of tensors with two or more dimensions")
      ->capture_default_str()
      ->check(cli::number_in(0, 10));
  command.add_option("--clip", o.clip, "largest global gradient norm; 0: no clipping")
      ->capture_default_str()
      ->check(cli::number_in(0, 1e9));
  command
      .add_option("--on-nan", o.on_nan,
                  "what becomes of a step whose loss or gradient norm is not finite")
      ->default_str("stop")
      ->transform(cli::one_of<OnNan>(
          {{"stop", OnNan::Stop}, {"skip", OnNan::Skip}, {"ignore", OnNan::Ignore}}));
}

void add_checkpoint_options(CLI::App& command, TrainOptions& o) {
  command.add_option("--eval-every", o.eval_every, "steps between validations; 0: at the end only")
      ->capture_default_str()
      ->check(cli::count_from(0));
  command
      .add_option("--checkpoint-every", o.checkpoint_every,
                  "steps between checkpoints; 0: only when the run is stopped early")
      ->capture_default_str()
      ->check(cli::count_from(0));
  command.add_option("--keep", o.keep, "checkpoints to keep, besides the best")
      ->capture_default_str()
      ->check(cli::count_from(1));
  command.add_option("--sample-every", o.sample_every, "steps between samples of text; 0: none")
      ->capture_default_str()
      ->check(cli::count_from(0));
  command.add_option("--spike", o.spike, "dump steps of so many times the usual loss; 0: none")
      ->capture_default_str()
      ->check(cli::number_in(0, 1e9));
  command.add_option("--dump-step", o.dump_step, "dump this step for `llama replay`")
      ->check(cli::count_from(1));
  command
      .add_option("--stop-after", o.stop_after,
                  "stop after so many steps as if interrupted, to be resumed")
      ->check(cli::count_from(1));
  command.add_flag("--resume", o.resume,
                   "go on from the latest checkpoint, with its settings, to the same bits");
  command.add_flag("--allow-older", o.allow_older,
                   "resume from an older checkpoint when the latest is damaged");
  command.add_flag("--allow-other-code", o.allow_other_code,
                   "resume a checkpoint that another build wrote");
}

int dry_run(TrainOptions options) {
  if (options.resume) {
    const Checkpoints checkpoints(options.out / "checkpoints");
    adopt_settings(options, checkpoints.latest(options.allow_older).manifest.settings);
  }
  check(options);
  const Config config = planned_config(options);
  const std::int64_t available = available_bytes(options.run.device);
  write_out("{} parameters\n{}  {:<18} {:>12}\n", count_parameters(config).total(),
            memory_table(config, options), "available", bytes_text(available));
  check_fits(config, options, available);
  return exit_ok;
}

std::set<std::string> given_flags(const CLI::App& command) {
  std::set<std::string> given;
  for (const CLI::App* app : {&command, command.get_parent()}) {
    for (const CLI::Option* option : app->get_options()) {
      if (option->count() > 0) given.insert(option->get_single_name());
    }
  }
  return given;
}

}  // namespace

Command add_train(CLI::App& app, SharedRunOptions run) {
  auto options = std::make_shared<TrainOptions>();
  auto* command = app.add_subcommand("train", "Train a model and write it, with its loss curve");
  add_data_options(*command, *options);
  add_optimizer_options(*command, *options);
  add_checkpoint_options(*command, *options);
  auto plans_only = std::make_shared<bool>(false);
  command->add_flag("--dry-run", *plans_only,
                    "only say what memory the run needs; code 6 when there is not enough");
  command->footer(
      "SIGINT and SIGTERM finish the step, save a checkpoint and end with code 130 or 143; a\n"
      "second signal ends at once. A run in use by another trainer: code 2; a checkpoint that\n"
      "cannot be written: code 7.");
  command->callback([options] {
    if (!options->resume && options->data.empty()) throw CLI::RequiredError("--data");
  });
  return [options, run, command, plans_only] {
    options->run = *run;
    options->given = given_flags(*command);
    if (*plans_only) return dry_run(*options);
    const TrainOutcome outcome = train(*options);
    write_out("{}\n", nlohmann::json{{"val_loss", outcome.validation_loss},
                                     {"step", outcome.step},
                                     {"skipped", outcome.skipped},
                                     {"weights", outcome.weights_hash}}
                          .dump());
    return outcome.signal == 0 ? static_cast<int>(exit_ok) : exit_by_signal + outcome.signal;
  };
}

Command add_replay(CLI::App& app, SharedRunOptions run) {
  struct Options {
    std::filesystem::path out;
    std::int64_t step = 0;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("replay", "Compute a dumped step once more and compare");
  command->add_option("out", options->out, "folder of the run")->required();
  command->add_option("--step", options->step, "the step")->required()->check(cli::count_from(1));
  command->footer("Exit code 3 when loss, gradient norm or weights have other bits than recorded.");
  return [options, run] {
    const Replay result = replay(options->out, options->step, *run);
    for (const auto& [name, record] :
         {std::pair("recorded", &result.recorded), std::pair("computed", &result.computed)}) {
      write_out("{}: loss {}, gradient norm {}, weights {}\n", name, record->loss,
                record->gradient_norm, record->weights_hash);
    }
    write_out("{}\n", result.is_same() ? "the same bits" : "DIFFERENT");
    return result.is_same() ? exit_ok : exit_check_failed;
  };
}

}  // namespace llama
