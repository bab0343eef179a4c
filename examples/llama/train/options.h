// What `llama train` is told. All but what concerns one call is kept in every checkpoint and taken
// from there when a run is resumed; what decides which weights come out may not be changed then.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "examples/llama/data/data_source.h"
#include "examples/llama/run_options.h"
#include "runtime/nn/schedule.h"

namespace llama {

enum class ScheduleKind : std::uint8_t { Cosine, Linear, Constant, Wsd };

/// What becomes of a step whose loss or gradient norm is not finite.
enum class OnNan : std::uint8_t {
  Stop,    // the run ends
  Skip,    // weights and optimizer stay as they are
  Ignore,  // the update is made all the same
};

struct TrainOptions {
  RunOptions run;
  std::filesystem::path out;

  // What decides which weights come out.
  std::string model = "char-small";  // preset, config.json, or a folder or .bin with weights
  std::vector<std::string> data;     // text, .jsonl or token files, or folders of token files
  std::vector<std::string> validation_data;  // empty: the last tenth of the data
  std::string field = "text";                // of .jsonl files
  std::string tokenizer = "chars";           // chars, bytes or a file
  DataOrder data_order = DataOrder::Random;
  std::int64_t steps = 1000;
  std::int64_t batch = 12;  // sequences a step, over all micro-batches
  std::int64_t seq = 64;
  std::int64_t accumulate = 1;  // micro-batches a step
  ScheduleKind schedule = ScheduleKind::Cosine;
  double learning_rate = 1e-3;
  double min_learning_rate_ratio = 0.1;  // of learning_rate, reached at the last step
  std::int64_t warmup = 100;
  double decay_ratio = 0.2;  // wsd: the part of the steps that decays
  double beta1 = 0.9, beta2 = 0.99;
  double eps = 1e-8;
  double weight_decay = 0.1;  // on tensors of two or more dimensions
  double clip = 1.0;          // largest global gradient norm; 0: no clipping
  OnNan on_nan = OnNan::Stop;
  std::uint64_t seed = 1337;

  // What only watches and keeps.
  std::int64_t eval_every = 250;         // 0: only at the end
  std::int64_t checkpoint_every = 1000;  // 0: only when the run is stopped
  std::int64_t keep = 2;                 // checkpoints, and the best
  std::int64_t sample_every = 0;         // 0: never
  double spike = 3.0;                    // times the usual loss is dumped; 0: nothing is

  // What concerns one call.
  std::int64_t stop_after = 0;  // steps; 0: all
  std::int64_t dump_step = 0;   // dumped whatever its loss; 0: none
  bool resume = false;
  bool allow_older = false;       // resume from an older checkpoint when the newest is damaged
  bool allow_other_code = false;  // resume a checkpoint that another build wrote
  /// Names of the flags that were given: a resumed run takes the others from its checkpoint.
  std::set<std::string> given = {};
};

/// Throws Failure(exit_usage) for options that contradict each other: before anything is made.
void check(const TrainOptions& options);

/// What a checkpoint keeps, by the names of the flags. Paths are absolute.
nlohmann::json settings_of(const TrainOptions& options);
/// Takes over those that were not given. Throws pg::Error naming a setting that is missing or of
/// another type.
void adopt_settings(TrainOptions& options, const nlohmann::json& settings);
/// One line for each that may not differ but does, "  --batch 8, in the checkpoint 12"; empty: all
/// agree.
std::string differences(const nlohmann::json& settings, const nlohmann::json& in_checkpoint);

pg::nn::Schedule make_schedule(const TrainOptions& options);

}  // namespace llama
