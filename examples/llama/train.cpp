// See train.h. `train` reads as the story of a run; the steps it names follow below it.
#include "examples/llama/train.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <memory>

#include "examples/llama/data/data_source.h"
#include "examples/llama/data/texts.h"
#include "examples/llama/report.h"
#include "examples/llama/weights.h"
#include "runtime/autograd/tape.h"
#include "runtime/device/buffer.h"
#include "runtime/device/error.h"
#include "runtime/nn/optimizer.h"
#include "runtime/nn/schedule.h"

namespace llama {

namespace {

std::unique_ptr<Tokenizer> open_tokenizer(const TrainOptions& options, std::string_view text,
                                          std::int64_t vocab_size) {
  if (options.tokenizer == "chars") return make_character_tokenizer(text);
  if (options.tokenizer == "bytes") return make_byte_tokenizer();
  return load_tokenizer(options.tokenizer, vocab_size);
}

// A preset takes its vocabulary from the tokenizer and its context from --seq; a config.json or
// weights fix both, and the tokenizer must agree.
Model open_model(const TrainOptions& options, const Tokenizer& tokenizer,
                 pg::Generator& generator) {
  if (is_preset(options.model)) {
    Config config = preset(options.model);
    config.vocab_size = tokenizer.vocab_size();
    config.max_positions = std::max(config.max_positions, options.seq);
    validate(config, "preset " + options.model);
    return make_model(config, generator, options.run.device);
  }
  if (!std::filesystem::exists(options.model))
    preset(options.model);  // says which presets there are
  Model model = options.model.ends_with(".json")
                    ? make_model(read_hf_config(options.model), generator, options.run.device)
                    : load_model(options.model, options.run.device);
  if (model.config().vocab_size != tokenizer.vocab_size()) {
    throw pg::Error(fmt::format("train: the tokenizer has {} tokens, {} has {}",
                                tokenizer.vocab_size(), options.model, model.config().vocab_size));
  }
  return model;
}

std::int64_t expected_vocab(const TrainOptions& options) {
  if (is_preset(options.model)) return preset(options.model).vocab_size;
  if (options.model.ends_with(".json")) return read_hf_config(options.model).vocab_size;
  return 0;
}

std::vector<pg::Tensor> trainable(const Model& model) {
  std::vector<pg::Tensor> tensors;
  for (const NamedTensor& parameter : model.parameters()) {
    parameter.tensor.requires_grad_();
    tensors.push_back(parameter.tensor);
  }
  return tensors;
}

// One update: loss, gradients, clipping, AdamW. Loss and norm are those before the update.
StepMetrics take_step(const Model& model, const std::vector<pg::Tensor>& parameters,
                      pg::nn::AdamW& optimizer, const Batch& batch, double clip) {
  auto start = std::chrono::steady_clock::now();
  pg::Tensor loss = model.loss(batch.inputs, batch.targets);
  loss.backward();
  auto gradient = pg::nn::clip_grad_norm(parameters, clip);
  optimizer.step(gradient.clip);
  optimizer.zero_grad();

  StepMetrics metrics;
  metrics.loss = loss.item<float>();
  metrics.gradient_norm = gradient.norm.item<float>();
  metrics.learning_rate = optimizer.lr();
  std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  metrics.milliseconds = elapsed.count() * 1e3;
  metrics.tokens_per_second = static_cast<double>(batch.inputs.numel()) / elapsed.count();
  metrics.memory_bytes =
      static_cast<std::int64_t>(pg::memory_statistics(model.device()).peak_bytes);
  return metrics;
}

}  // namespace

double train(const TrainOptions& options) {
  // What to learn from, and what learns.
  std::string text = read_texts(options.data);
  auto tokenizer = open_tokenizer(options, text, expected_vocab(options));
  Split split = split_tokens(tokenizer->encode(text));
  pg::Generator weights_generator(options.seed);
  DataSource source(split.training, {.batch = options.batch,
                                     .seq = options.seq,
                                     .order = options.data_order,
                                     .seed = options.seed + 1});
  Model model = open_model(options, *tokenizer, weights_generator);
  model.set_precision(options.run.precision);
  std::vector<pg::Tensor> parameters = trainable(model);

  // How it learns.
  pg::nn::AdamW optimizer(pg::nn::decay_matrices_only(parameters, options.weight_decay),
                          {options.learning_rate, options.beta1, options.beta2, options.eps});
  pg::nn::Schedule schedule = pg::nn::WarmupSchedule{
      .steps = options.warmup,
      .then = pg::nn::CosineSchedule{options.learning_rate,
                                     options.learning_rate * options.min_learning_rate_ratio,
                                     options.steps - options.warmup}};

  std::filesystem::create_directories(options.out);
  Report report(options.out, options.steps);
  fmt::print(stderr, "{} parameters, {} training and {} validation tokens, vocabulary {}, {}\n",
             model.config().parameter_count(), split.training.size(), split.validation.size(),
             tokenizer->vocab_size(), pg::name_of(model.precision()));

  // Learning.
  double validation_loss = NAN;
  for (std::int64_t step = 0; step < options.steps; ++step) {
    optimizer.set_lr(schedule.at(step));
    Batch batch = source.next_batch(options.run.device);
    StepMetrics metrics = take_step(model, parameters, optimizer, batch, options.clip);
    metrics.step = step + 1;
    report.step(metrics);
    if (!std::isfinite(metrics.loss) || !std::isfinite(metrics.gradient_norm)) {
      throw pg::Error(fmt::format("train: step {}: loss {}, gradient norm {}", step + 1,
                                  metrics.loss, metrics.gradient_norm));
    }
    bool last = step + 1 == options.steps;
    if (last || (options.eval_every > 0 && (step + 1) % options.eval_every == 0)) {
      validation_loss = evaluate(model, split.validation, options.batch, options.seq).loss;
      report.evaluation({step + 1, validation_loss});
    }
  }

  // What remains.
  save_model(model, options.out);
  tokenizer->save(options.out / tokenizer->file_name());
  report.finish();
  return validation_loss;
}

EvalResult evaluate(const Model& model, const Tokens& tokens, std::int64_t batch,
                    std::int64_t seq) {
  pg::NoGrad no_grad;
  EvalResult result;
  double total = 0;
  for_each_batch(tokens, batch, seq, model.device(), [&](const Batch& windows) {
    std::int64_t count = windows.inputs.numel();
    total += double{model.loss(windows.inputs, windows.targets).item<float>()} *
             static_cast<double>(count);
    result.tokens += count;
  });
  result.loss = total / static_cast<double>(result.tokens);
  return result;
}

}  // namespace llama
