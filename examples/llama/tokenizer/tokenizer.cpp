// See tokenizer.h.
#include "examples/llama/tokenizer/tokenizer.h"

#include <fmt/format.h>

#include <array>

#include "examples/llama/base/files.h"
#include "runtime/device/error.h"
#include "runtime/nn/file.h"

namespace llama {

namespace {

// In a folder the first of these that exists counts; what this program writes comes first.
constexpr std::array folder_names = {"tokenizer.pg.json", "tokenizer.json", "tokenizer.model",
                                     "tokenizer.bin", "vocab.json"};

std::filesystem::path file_in_folder(const std::filesystem::path& folder) {
  std::string names;
  for (const char* name : folder_names) {
    if (std::filesystem::exists(folder / name)) return folder / name;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", name);
  }
  throw pg::Error(
      fmt::format("{}: no tokenizer in the folder (none of {})", folder.string(), names));
}

// Two files that belong together; either may be named.
std::unique_ptr<Tokenizer> load_gpt2(const std::filesystem::path& folder) {
  const auto vocab = folder / "vocab.json", merges = folder / "merges.txt";
  return parse_gpt2(read_file(vocab, max_tokenizer_bytes), vocab.string(),
                    read_file(merges, max_tokenizer_bytes), merges.string());
}

// Lines of base64 and a rank; SentencePiece's protobuf begins with a byte below a space.
bool looks_like_tiktoken(std::string_view bytes) {
  const std::string_view line = bytes.substr(0, bytes.find('\n'));
  const std::size_t space = line.find(' ');
  return space != std::string_view::npos && space > 0 &&
         line.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") == space;
}

}  // namespace

std::string Tokenizer::decode_all(const std::vector<std::int32_t>& ids) const {
  std::string text;
  std::int32_t previous = -1;
  for (std::int32_t id : ids) {
    text += decode(previous, id);
    previous = id;
  }
  return text;
}

void Tokenizer::save(const std::filesystem::path& folder) const {
  pg::nn::write_whole_file("tokenizer", folder / file_name(), contents());
}

void Tokenizer::check_id(std::int32_t id) const {
  if (id < 0 || id >= vocab_size()) {
    throw pg::Error(fmt::format("decode: token id {} of {}", id, vocab_size()));
  }
}

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path,
                                          std::int64_t vocab_size) {
  if (std::filesystem::is_directory(path)) return load_tokenizer(file_in_folder(path), vocab_size);
  const std::string name = path.filename().string(), origin = path.string();
  if (name == "vocab.json" || name == "merges.txt") return load_gpt2(path.parent_path());
  std::string bytes = read_file(path, max_tokenizer_bytes);
  if (name.ends_with(".pg.json")) return parse_character_json(bytes, origin);
  if (bytes.starts_with('{')) return parse_hf_json(std::move(bytes), origin);
  if (looks_like_tiktoken(bytes)) return parse_tiktoken(std::move(bytes), origin);
  if (name.ends_with(".model")) return parse_sentencepiece(std::move(bytes), origin);
  return parse_llama2c(std::move(bytes), origin, vocab_size);
}

std::unique_ptr<Tokenizer> open_tokenizer(const std::string& argument, std::int64_t vocab_size) {
  if (argument == "bytes") return make_byte_tokenizer();
  if (argument == "chars" && !std::filesystem::exists(argument)) {
    throw pg::Error(
        "tokenizer: `chars` are those of a text that train is given; name the folder of that run");
  }
  return load_tokenizer(argument, vocab_size);
}

}  // namespace llama
