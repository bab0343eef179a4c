// See text_commands.h.
#include "examples/llama/text_commands.h"

#include <fmt/format.h>

#include <charconv>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "examples/llama/base/files.h"
#include "examples/llama/base/say.h"
#include "examples/llama/data/dataset.h"
#include "examples/llama/tokenizer/train_bpe.h"
#include "runtime/device/error.h"
#include "runtime/nn/file.h"
#include "tools/cli/parse.h"

namespace llama {

namespace {

constexpr std::size_t max_input_bytes = std::size_t{4} << 30;

enum class TokenOutput { Ids, Pieces, Count };

struct TokenizeOptions {
  std::string tokenizer, file, text;
  std::int64_t vocab_size = 0;
  TokenOutput output = TokenOutput::Ids;
  bool decode = false;
};

std::string read_input(const std::string& file) {
  if (!file.empty() && file != "-") return read_file(file, max_input_bytes);
  return {std::istreambuf_iterator<char>(std::cin), {}};
}

// Numbers between white space.
std::vector<std::int32_t> parse_ids(std::string_view text) {
  constexpr std::string_view white_space = " \t\r\n,";
  std::vector<std::int32_t> ids;
  while (true) {
    text.remove_prefix(std::min(text.find_first_not_of(white_space), text.size()));
    if (text.empty()) return ids;
    const std::string_view word = text.substr(0, text.find_first_of(white_space));
    text.remove_prefix(word.size());
    std::int32_t id = 0;
    auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc() || end != word.data() + word.size()) {
      throw pg::Error(
          fmt::format("tokenize --decode: `{}`, number {} of the input, is not a token id",
                      word.substr(0, 40), ids.size() + 1));
    }
    ids.push_back(id);
  }
}

void print_tokens(const Tokenizer& tokenizer, const std::vector<std::int32_t>& ids,
                  TokenOutput output) {
  if (output == TokenOutput::Count) return write_out("{}\n", ids.size());
  if (output == TokenOutput::Ids) return write_out("{}\n", fmt::join(ids, " "));
  std::int32_t previous = -1;
  for (std::int32_t id : ids) {  // as JSON strings: pieces may hold any bytes
    const nlohmann::json piece = tokenizer.decode(previous, id);
    write_out("{}\t{}\n", id, piece.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    previous = id;
  }
}

}  // namespace

Command add_tokenize(CLI::App& app) {
  auto options = std::make_shared<TokenizeOptions>();
  auto* command = app.add_subcommand("tokenize", "Text to token ids, or back");
  command->add_option("file", options->file, "input; without it, or -, stdin");
  auto* text = command->add_option("--text", options->text, "the input itself");
  command
      ->add_option("--tokenizer", options->tokenizer, "tokenizer file, a folder with one, or bytes")
      ->required();
  command->add_option("--vocab-size", options->vocab_size, "of a llama2.c tokenizer; 0: all")
      ->check(cli::count_from(0));
  command->add_option("--output", options->output, "ids, pieces (a line each) or count")
      ->default_str("ids")
      ->transform(cli::one_of<TokenOutput>({{"ids", TokenOutput::Ids},
                                            {"pieces", TokenOutput::Pieces},
                                            {"count", TokenOutput::Count}}));
  command->add_flag("--decode", options->decode,
                    "the input is token ids; the output is their text");
  return [options, text] {
    auto tokenizer = open_tokenizer(options->tokenizer, options->vocab_size);
    const std::string input = text->count() > 0 ? options->text : read_input(options->file);
    if (options->decode) {
      write_text(stdout, tokenizer->decode_all(parse_ids(input)));
    } else {
      print_tokens(*tokenizer, tokenizer->encode(input), options->output);
    }
    return exit_ok;
  };
}

Command add_train_tokenizer(CLI::App& app) {
  struct Options {
    TextFiles data;
    std::filesystem::path out;
    BpeTrainingOptions training{.special = {"<|endoftext|>"}};
  };
  auto options = std::make_shared<Options>();
  auto* command =
      app.add_subcommand("train-tokenizer", "Learn a byte-level byte-pair tokenizer from text");
  command->add_option("--data", options->data.paths, "text and .jsonl files")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--field", options->data.field, "of .jsonl files")->capture_default_str();
  command->add_option("--out", options->out, "tokenizer.json to write")->required();
  BpeTrainingOptions& training = options->training;
  command->add_option("--vocab-size", training.vocab_size, "tokens in all")->capture_default_str();
  command->add_option("--min-count", training.min_count, "pairs that are rarer are not joined")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 40));
  command->add_option("--special", training.special, "tokens that text cannot form, the first ids")
      ->capture_default_str();
  return [options] {
    const std::string json = train_bpe(join_texts(read_texts(options->data)), options->training);
    const auto vocab_size = parse_hf_json(json, options->out.string())->vocab_size();
    pg::nn::write_whole_file("train-tokenizer", options->out, json);
    if (vocab_size < options->training.vocab_size) {
      warn("{} tokens: no other pair occurs --min-count {} times", vocab_size,
           options->training.min_count);
    }
    write_out("{}\n", nlohmann::json{{"vocab_size", vocab_size}}.dump());
    return exit_ok;
  };
}

Command add_prepare(CLI::App& app) {
  struct Options {
    TextFiles data;
    std::string tokenizer;
    std::filesystem::path out;
    std::int64_t shard_tokens = default_shard_tokens;
  };
  auto options = std::make_shared<Options>();
  auto* command =
      app.add_subcommand("prepare", "Tokenise text once, into shards that train --data takes");
  command->add_option("--data", options->data.paths, "text and .jsonl files")
      ->required()
      ->check(CLI::ExistingFile);
  command->add_option("--field", options->data.field, "of .jsonl files")->capture_default_str();
  command
      ->add_option("--tokenizer", options->tokenizer, "tokenizer file, a folder with one, or bytes")
      ->required();
  command->add_option("--out", options->out, "folder for the shards")->required();
  command->add_option("--shard-tokens", options->shard_tokens, "tokens of a shard at most")
      ->capture_default_str()
      ->check(CLI::Range(std::int64_t{1000}, std::int64_t{1} << 31));
  return [options] {
    auto tokenizer = open_tokenizer(options->tokenizer, 0);
    const Tokens tokens =
        prepare_tokens(read_texts(options->data), *tokenizer, options->out, options->shard_tokens);
    write_out(
        "{}\n",
        nlohmann::json{{"tokens", tokens.size()}, {"vocab_size", tokenizer->vocab_size()}}.dump());
    return exit_ok;
  };
}

}  // namespace llama
