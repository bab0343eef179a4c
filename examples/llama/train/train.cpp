// See train.h. `train` reads as the story of a run; the steps it names follow above it.
#include "examples/llama/train/train.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>

#include "examples/llama/base/exit_code.h"
#include "examples/llama/base/say.h"
#include "examples/llama/evaluate.h"
#include "examples/llama/model/cost.h"
#include "examples/llama/report/report.h"
#include "examples/llama/train/run.h"
#include "examples/llama/train/run_lock.h"
#include "examples/llama/train/sampling.h"
#include "examples/llama/train/step.h"
#include "examples/llama/train/step_guard.h"
#include "examples/llama/train/stop_signals.h"
#include "examples/llama/train/utilisation.h"
#include "examples/llama/weights/weights.h"
#include "runtime/device/buffer.h"
#include "runtime/device/profile.h"

namespace llama {

namespace {

// A new run, or the one whose latest checkpoint is there; never both in one folder.
Run open_run(TrainOptions& options, const Checkpoints& checkpoints) {
  if (!options.resume) {
    if (!checkpoints.steps().empty()) {
      throw Failure(exit_usage, fmt::format("{}: holds the checkpoints of a run; pass --resume to "
                                            "go on with it, or another --out",
                                            options.out.string()));
    }
    checkpoints.clean_up(0);
    return start_run(options);
  }
  const FoundCheckpoint found = checkpoints.latest(options.allow_older);
  adopt_settings(options, found.manifest.settings);
  check(options);
  Run run = restore_run(options, found);
  checkpoints.clean_up(run.step);
  say("resumed from {}, weights {}", found.path.string(), run.weights_hash());
  return run;
}

// One update: loss, gradients, clipping, AdamW. Loss and norm are those before the update.
StepMetrics take_step(Run& run, const TrainOptions& options, const pg::nn::Schedule& schedule,
                      StepGuard& guard) {
  const pg::Range range("step");
  auto start = std::chrono::steady_clock::now();
  run.optimizer.set_lr(schedule.at(run.step));
  const Batch batch = run.source.next_batch(options.run.device);
  StepGradients gradients =
      compute_gradients(run.model, run.parameters, batch, options.accumulate, options.clip);
  const bool is_updated = guard.admits(run, batch, gradients);
  {
    const pg::Range range("optimizer");
    if (is_updated) run.optimizer.step(gradients.clip);
    run.optimizer.zero_grad();
  }
  ++run.step;
  run.skipped += is_updated ? 0 : 1;
  guard.finish(run, gradients, is_updated);

  StepMetrics metrics;
  metrics.step = run.step;
  metrics.loss = gradients.loss;
  metrics.gradient_norm = gradients.norm;
  metrics.learning_rate = run.optimizer.lr();
  std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  metrics.milliseconds = elapsed.count() * 1e3;
  metrics.tokens_per_second = static_cast<double>(batch.inputs.numel()) / elapsed.count();
  metrics.memory_bytes =
      static_cast<std::int64_t>(pg::memory_statistics(run.model.device()).peak_bytes);
  return metrics;
}

bool is_due(std::int64_t every, std::int64_t step) { return every > 0 && step % every == 0; }

}  // namespace

TrainOutcome train(TrainOptions options) {
  const Checkpoints checkpoints(options.out / "checkpoints");
  // Neither contradicting options nor a mistyped --out leave a folder behind.
  options.resume ? checkpoints.require_some() : check(options);
  const RunLock lock(options.out);
  Run run = open_run(options, checkpoints);
  const pg::nn::Schedule schedule = make_schedule(options);
  Report report(options.out, options.steps, run.step);
  say("{} parameters, {} training and {} validation tokens, vocabulary {}, {}",
      count_parameters(run.model.config()).total(), run.tokens.training.size(),
      run.tokens.validation.size(), run.tokenizer->vocab_size(),
      pg::name_of(run.model.precision()));

  if (options.warmup > options.steps) {
    warn("all {} steps are within --warmup {}: the rate never reaches --lr", options.steps,
         options.warmup);
  }

  const StopSignals signals;
  StepGuard guard(options);
  Utilisation utilisation(run.model.config(), options.seq, options.run);
  const std::int64_t last_step = options.stop_after > 0
                                     ? std::min(run.step + options.stop_after, options.steps)
                                     : options.steps;
  TrainOutcome outcome{.validation_loss = NAN};
  while (run.step < options.steps) {
    utilisation.begin();
    StepMetrics metrics = take_step(run, options, schedule, guard);
    utilisation.end(metrics);
    report.step(metrics);

    std::optional<double> validation_loss;
    if (run.step == options.steps || is_due(options.eval_every, run.step)) {
      const pg::Range range("evaluate");
      validation_loss = evaluate(run.model, run.tokens.validation, options.batch, options.seq).loss;
      outcome.validation_loss = *validation_loss;
      report.evaluation({run.step, *validation_loss});
    }

    if (is_due(options.sample_every, run.step)) show_sample(run, options);

    outcome.signal = signals.received();
    const bool stops = run.step < options.steps && (outcome.signal != 0 || run.step == last_step);
    if (stops || is_due(options.checkpoint_every, run.step)) {
      const pg::Range range("checkpoint");
      checkpoints.save(snapshot_of(run, options, validation_loss));
      checkpoints.keep_last(options.keep);
    }
    if (stops) break;
  }

  if (run.step < options.steps) {
    say("stopped after step {} of {}; `llama train --out {} --resume` goes on", run.step,
        options.steps, options.out.string());
  }

  outcome.step = run.step;
  outcome.skipped = run.skipped;
  outcome.weights_hash = run.weights_hash();
  if (run.step == options.steps) {
    outcome.signal = 0;  // too late to stop anything
    save_model(run.model, options.out);
  }
  report.finish();
  if (run.step == options.steps) {
    say("{}: the model is there, its curves are in report.html", options.out.string());
  }
  return outcome;
}

}  // namespace llama
