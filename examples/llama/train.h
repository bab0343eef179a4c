// `llama train`, `llama eval`: the training loop and what it needs to know.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "examples/llama/data/data_source.h"
#include "examples/llama/model.h"
#include "examples/llama/run_options.h"
#include "examples/llama/tokenizer/tokenizer.h"

namespace llama {

struct TrainOptions {
  RunOptions run;
  std::filesystem::path out;
  std::string model = "char-small";  // preset, config.json, or a folder or .bin with weights
  std::vector<std::filesystem::path> data;
  std::string tokenizer = "chars";  // chars, bytes or a file
  DataOrder data_order = DataOrder::Random;
  std::int64_t steps = 1000;
  std::int64_t batch = 12;
  std::int64_t seq = 64;
  double learning_rate = 1e-3;
  double min_learning_rate_ratio = 0.1;  // of learning_rate, reached at the last step (cosine)
  std::int64_t warmup = 100;
  double beta1 = 0.9, beta2 = 0.99;
  double eps = 1e-8;
  double weight_decay = 0.1;      // on tensors of two or more dimensions
  double clip = 1.0;              // largest global gradient norm; 0: no clipping
  std::int64_t eval_every = 250;  // 0: only at the end
  std::uint64_t seed = 1337;
};

/// Trains, shows progress, writes config.json, model.safetensors, tokenizer, metrics.jsonl and
/// loss.html into `out`. Returns the last validation loss.
double train(const TrainOptions& options);

/// Mean cross-entropy over the whole of `tokens` in non-overlapping windows.
struct EvalResult {
  double loss = 0;  // nats per token
  std::int64_t tokens = 0;
};
EvalResult evaluate(const Model& model, const Tokens& tokens, std::int64_t batch, std::int64_t seq);

}  // namespace llama
