// What a training run consists of between two steps: everything that a checkpoint saves, and the
// data it learns from. A run is started from the options or restored from a checkpoint.
#pragma once

#include <memory>

#include "examples/llama/data/data_source.h"
#include "examples/llama/model/model.h"
#include "examples/llama/tokenizer/tokenizer.h"
#include "examples/llama/train/checkpoint.h"
#include "examples/llama/train/options.h"
#include "runtime/nn/optimizer.h"

namespace llama {

/// Version and hash of the sources: all that decides a run's bits.
std::string this_code();

struct Run {
  std::unique_ptr<Tokenizer> tokenizer;
  KeptFile tokenizer_file;
  Split tokens;
  std::string data_hash;
  DataSource source;
  Model model;
  std::vector<pg::Tensor> parameters;
  pg::nn::AdamW optimizer;
  std::int64_t step = 0;     // done, the skipped ones too
  std::int64_t skipped = 0;  // without an update: --on-nan skip

  std::string weights_hash() const { return pg::nn::hash_of(parameters); }
};

pg::nn::AdamW make_optimizer(const TrainOptions& options,
                             const std::vector<pg::Tensor>& parameters);

Run start_run(const TrainOptions& options);
/// The shape of the model that start_run would make; only data and tokenizer are read.
Config planned_config(const TrainOptions& options);
/// Throws pg::Error listing every setting that is not the checkpoint's, or saying that the data or
/// the code is another.
Run restore_run(const TrainOptions& options, const FoundCheckpoint& checkpoint);
/// Where the run stands, to be saved.
Snapshot snapshot_of(const Run& run, const TrainOptions& options,
                     std::optional<double> validation_loss);

}  // namespace llama
