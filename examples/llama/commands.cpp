// See commands.h.
#include "examples/llama/commands.h"

#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <nlohmann/json.hpp>

#include "examples/llama/base/say.h"
#include "examples/llama/data/dataset.h"
#include "examples/llama/dump.h"
#include "examples/llama/evaluate.h"
#include "examples/llama/generate.h"
#include "examples/llama/weights/weights.h"
#include "runtime/device/error.h"
#include "tools/cli/parse.h"

namespace llama {

namespace {

// What --tokenizer means: a file, a folder or "bytes"; without it the one saved beside the model.
std::unique_ptr<Tokenizer> choose_tokenizer(const std::string& argument,
                                            const std::filesystem::path& model,
                                            std::int64_t vocab_size) {
  if (!argument.empty()) return open_tokenizer(argument, vocab_size);
  if (std::filesystem::is_directory(model)) return load_tokenizer(model, vocab_size);
  throw pg::Error(fmt::format("{}: no tokenizer beside the model; pass --tokenizer FILE|bytes",
                              model.string()));
}

Model open_model(const std::filesystem::path& path, const RunOptions& run) {
  warn_of_unknown_keys(path);
  Model model = load_model(path, run.device);
  model.set_precision(run.precision);
  return model;
}

}  // namespace

Command add_generate(CLI::App& app, SharedRunOptions run) {
  struct Options {
    std::string model, tokenizer;
    GenerateOptions generate;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("generate", "Generate text; the text alone goes to stdout");
  command->add_option("model", options->model, "llama2.c .bin file or Hugging Face folder")
      ->required();
  command->add_option("--tokenizer", options->tokenizer, "tokenizer file, or bytes");
  command->add_option("--prompt", options->generate.prompt, "text to continue");
  command->add_option("--steps", options->generate.steps, "tokens in all, the prompt's included")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  SamplerOptions& sampler = options->generate.sampler;
  command->add_option("--temperature", sampler.temperature, "0 takes the likeliest token")
      ->capture_default_str()
      ->check(cli::number_in(0, 100));
  command->add_option("--top-k", sampler.top_k, "only the k likeliest tokens; 0: all")
      ->capture_default_str()
      ->check(cli::count_from(0));
  command
      ->add_option("--top-p", sampler.top_p, "only the likeliest tokens of this total probability")
      ->capture_default_str()
      ->check(cli::number_in(1e-6, 1));
  command->add_option("--seed", sampler.seed, "of the random numbers")
      ->capture_default_str()
      ->check(cli::count_from(0));
  return [options, run] {
    Model model = open_model(options->model, *run);
    auto tokenizer =
        choose_tokenizer(options->tokenizer, options->model, model.config().vocab_size);
    GenerateStatistics statistics =
        generate(model, *tokenizer, options->generate, [](std::string_view piece) {
          write_text(stdout, piece);
          std::fflush(stdout);
        });
    write_out("\n");
    std::fflush(stdout);
    say("{} tokens, {:.1f} tokens/s", statistics.tokens,
        static_cast<double>(statistics.tokens) / statistics.seconds);
    return exit_ok;
  };
}

Command add_eval(CLI::App& app, SharedRunOptions run) {
  struct Options {
    std::string model, tokenizer;
    TextFiles data;
    std::int64_t batch = 8, seq = 0;
    bool validation = false;
  };
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("eval", "Mean loss of a model on a text, in nats per token");
  command->add_option("model", options->model, "llama2.c .bin file or Hugging Face folder")
      ->required();
  command->add_option("--data", options->data.paths, "text, .jsonl or token files")
      ->required()
      ->check(CLI::ExistingPath);
  command->add_option("--field", options->data.field, "of .jsonl files")->capture_default_str();
  command->add_option("--tokenizer", options->tokenizer, "tokenizer file, or bytes");
  command->add_option("--batch", options->batch, "windows at once")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 16));
  command->add_option("--seq", options->seq, "tokens a window; 0: the model's context")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 20));
  command->add_flag("--validation", options->validation, "only the last tenth, as train does");
  return [options, run] {
    Model model = open_model(options->model, *run);
    auto tokenizer =
        choose_tokenizer(options->tokenizer, options->model, model.config().vocab_size);
    Tokens tokens = load_tokens(options->data, *tokenizer);
    if (options->validation) tokens = split_tokens(tokens).validation;
    std::int64_t seq = options->seq > 0 ? options->seq : model.config().max_positions;
    EvalResult result = evaluate(model, tokens, options->batch, seq);
    write_out("{}\n", nlohmann::json{{"loss", result.loss}, {"tokens", result.tokens}}.dump());
    return exit_ok;
  };
}

Command add_dump(CLI::App& app, SharedRunOptions run) {
  auto options = std::make_shared<DumpOptions>();
  auto* command =
      app.add_subcommand("dump", "Write logits, loss and gradients, to compare with a reference");
  DumpOptions& o = *options;
  command->add_option("model", o.model, "llama2.c .bin file or Hugging Face folder")->required();
  command->add_option("--tokens", o.tokens, "safetensors with int32 `tokens` [N, B, S + 1]")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--out", o.out, "safetensors to write")->required();
  command->add_option("--train", o.steps, "also take this many AdamW steps")
      ->capture_default_str()
      ->check(CLI::Range(0, 1 << 20));
  const auto add_number = [&](const char* name, double& number, double least, double most) {
    command->add_option(name, number)->capture_default_str()->check(cli::number_in(least, most));
  };
  add_number("--lr", o.learning_rate, 0.0, 100.0);
  add_number("--beta1", o.beta1, 0.0, 0.99999);
  add_number("--beta2", o.beta2, 0.0, 0.999999);
  add_number("--eps", o.eps, 1e-30, 1.0);
  add_number("--weight-decay", o.weight_decay, 0.0, 10.0);
  add_number("--clip", o.clip, 0.0, 1e9);
  return [options, run] {
    options->run = *run;
    dump(*options);
    return exit_ok;
  };
}

}  // namespace llama
