// See run.h.
#include "examples/llama/train/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "examples/llama/data/dataset.h"
#include "examples/llama/train/step.h"
#include "examples/llama/weights/weights.h"
#include "runtime/device/error.h"

namespace llama {

extern const char* const sources_fingerprint;  // of all that decides a run's bits; generated

std::string this_code() {
  return fmt::format("picograd {}, sources {}", PICOGRAD_VERSION, sources_fingerprint);
}

namespace {

TextFiles text_files(const TrainOptions& options, const std::vector<std::string>& names) {
  return {{names.begin(), names.end()}, options.field};
}

// The characters are those of all the data, so that validation finds each of its own.
std::unique_ptr<Tokenizer> tokenizer_of_characters(const TrainOptions& options) {
  std::string text;
  for (const auto& names : {options.data, options.validation_data}) {
    const std::vector<std::filesystem::path> paths(names.begin(), names.end());
    for (const std::filesystem::path& path : expand_folders(paths)) {
      if (is_token_file(path)) {
        throw pg::Error(
            fmt::format("train: {} holds token ids; name the tokenizer that made them "
                        "with --tokenizer",
                        path.string()));
      }
    }
    text += join_texts(read_texts(text_files(options, names)));
  }
  return make_character_tokenizer(text);
}

// What a new run is made of before its data are read.
struct Plan {
  std::unique_ptr<Tokenizer> tokenizer;
  Config config;
};

// A preset takes its vocabulary from the tokenizer and its context from --seq; a config.json or
// weights fix both, and the run must agree.
Plan make_plan(const TrainOptions& options) {
  Config config = find_config(options.model);
  auto tokenizer = options.tokenizer == "chars"
                       ? tokenizer_of_characters(options)
                       : open_tokenizer(options.tokenizer, config.vocab_size);
  if (is_preset(options.model)) {
    config.vocab_size = tokenizer->vocab_size();
    config.max_positions = std::max(config.max_positions, options.seq);
    validate(config, "preset " + options.model);
  } else if (config.vocab_size != tokenizer->vocab_size()) {
    const bool may_have_its_own = std::filesystem::is_directory(options.model);
    throw pg::Error(fmt::format("train: the tokenizer has {} tokens, {} has {}{}",
                                tokenizer->vocab_size(), options.model, config.vocab_size,
                                may_have_its_own ? "; --tokenizer takes that folder too" : ""));
  } else if (options.seq > config.max_positions) {
    throw pg::Error(fmt::format("train: --seq {}, {} has {} positions", options.seq, options.model,
                                config.max_positions));
  }
  return {std::move(tokenizer), config};
}

Model open_model(const TrainOptions& options, const Config& config, pg::Generator& generator) {
  const bool has_weights = !is_preset(options.model) && !options.model.ends_with(".json");
  return has_weights ? load_model(options.model, options.run.device)
                     : make_model(config, generator, options.run.device);
}

KeptFile kept_file(const Tokenizer& tokenizer) {
  return {tokenizer.file_name(), tokenizer.contents()};
}

DataSource make_source(const TrainOptions& options, const Tokens& tokens) {
  return {tokens,
          {.batch = options.batch,
           .seq = options.seq,
           .order = options.data_order,
           .seed = options.seed + 1}};
}

// Of both parts, and where the one ends: the best checkpoint is told by the other.
std::string hash_of_split(const Split& split) {
  constexpr std::int64_t block = 1 << 18;
  std::vector<std::int32_t> ids;
  pg::nn::Hasher hasher;
  for (const Tokens* tokens : {&split.training, &split.validation}) {
    const std::int64_t size = tokens->size();
    hasher.add(std::as_bytes(std::span(&size, 1)));
    for (std::int64_t at = 0; at < size; at += block) {
      ids.resize(static_cast<std::size_t>(std::min(block, size - at)));
      tokens->read(at, ids);
      hasher.add(std::as_bytes(std::span(ids)));
    }
  }
  return hasher.digest();
}

// Texts are tokenised once, into shards beside the model.
Split load_split(const TrainOptions& options, const Tokenizer& tokenizer) {
  const std::filesystem::path shards = options.out / "tokens";
  Tokens tokens = load_tokens(text_files(options, options.data), tokenizer, shards);
  if (options.validation_data.empty()) return split_tokens(tokens);
  return {std::move(tokens),
          load_tokens(text_files(options, options.validation_data), tokenizer, shards)};
}

// Before the first step: a run must not find this out after its last.
void check_validation(const TrainOptions& options, const Tokens& tokens) {
  check_length(tokens, options.seq,
               options.validation_data.empty() ? "validation data (the last tenth of --data)"
                                               : "validation data (--val-data)");
}

std::filesystem::path tokenizer_beside(const FoundCheckpoint& checkpoint) {
  for (const auto& [name, seal] : checkpoint.manifest.files) {
    if (name.starts_with("tokenizer")) return checkpoint.path / name;
  }
  throw pg::Error(fmt::format("{}: holds no tokenizer", checkpoint.path.string()));
}

void check_same_run(const TrainOptions& options, const FoundCheckpoint& checkpoint) {
  const Manifest& manifest = checkpoint.manifest;
  const std::string lines = differences(settings_of(options), manifest.settings);
  if (!lines.empty()) {
    throw pg::Error(fmt::format("{}: cannot be resumed with other settings:{}",
                                checkpoint.path.string(), lines));
  }
  if (manifest.code != this_code() && !options.allow_other_code) {
    throw pg::Error(fmt::format(
        "{}: written by {}, this is {}, whose bits may differ; --allow-other-code goes on",
        checkpoint.path.string(), manifest.code, this_code()));
  }
}

}  // namespace

pg::nn::AdamW make_optimizer(const TrainOptions& options,
                             const std::vector<pg::Tensor>& parameters) {
  return pg::nn::AdamW(pg::nn::decay_matrices_only(parameters, options.weight_decay),
                       {options.learning_rate, options.beta1, options.beta2, options.eps});
}

Config planned_config(const TrainOptions& options) { return make_plan(options).config; }

Run start_run(const TrainOptions& options) {
  auto [tokenizer, config] = make_plan(options);
  Split tokens = load_split(options, *tokenizer);
  DataSource source = make_source(options, tokens.training);
  check_validation(options, tokens.validation);
  pg::Generator weights(options.seed);
  Model model = open_model(options, config, weights);
  model.set_precision(options.run.precision);
  std::vector<pg::Tensor> parameters = trainable(model);
  tokenizer->save(options.out);
  KeptFile tokenizer_file = kept_file(*tokenizer);
  std::string data_hash = hash_of_split(tokens);
  pg::nn::AdamW optimizer = make_optimizer(options, parameters);
  return {std::move(tokenizer),  std::move(tokenizer_file), std::move(tokens),
          std::move(data_hash),  std::move(source),         std::move(model),
          std::move(parameters), std::move(optimizer)};
}

Run restore_run(const TrainOptions& options, const FoundCheckpoint& checkpoint) {
  check_same_run(options, checkpoint);
  const Manifest& manifest = checkpoint.manifest;
  Model model = load_model(checkpoint.path, options.run.device);
  model.set_precision(options.run.precision);
  std::vector<pg::Tensor> parameters = trainable(model);
  auto tokenizer = load_tokenizer(tokenizer_beside(checkpoint), model.config().vocab_size);
  KeptFile tokenizer_file = kept_file(*tokenizer);
  Split tokens = load_split(options, *tokenizer);
  std::string data_hash = hash_of_split(tokens);
  if (data_hash != manifest.data_hash) {
    throw pg::Error(fmt::format("{}: was trained on other data than --data {}{}{}",
                                checkpoint.path.string(), fmt::join(options.data, " "),
                                options.validation_data.empty() ? "" : " --val-data ",
                                fmt::join(options.validation_data, " ")));
  }
  DataSource source = make_source(options, tokens.training);
  source.restore(manifest.data);
  pg::nn::AdamW optimizer = make_optimizer(options, parameters);
  load_optimizer(checkpoint.path, optimizer);
  return {std::move(tokenizer),  std::move(tokenizer_file), std::move(tokens),
          std::move(data_hash),  std::move(source),         std::move(model),
          std::move(parameters), std::move(optimizer),      manifest.step,
          manifest.skipped};
}

Snapshot snapshot_of(const Run& run, const TrainOptions& options,
                     std::optional<double> validation_loss) {
  Manifest manifest;
  manifest.code = this_code();
  manifest.step = run.step;
  manifest.skipped = run.skipped;
  manifest.data = run.source.position();
  manifest.data_hash = run.data_hash;
  manifest.weights_hash = run.weights_hash();
  if (validation_loss && std::isfinite(*validation_loss)) {
    manifest.validation_loss = validation_loss;
  }
  manifest.settings = settings_of(options);
  return {std::move(manifest), run.model, run.optimizer, run.tokenizer_file};
}

}  // namespace llama
