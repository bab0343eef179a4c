// See dataset.h.
#include "examples/llama/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string>

#include "examples/llama/base/say.h"
#include "runtime/device/error.h"
#include "runtime/nn/hash.h"

namespace llama {

namespace {

std::string prefix_of(const DataKey& key) { return fmt::format("{:016x}{:016x}-", key[1], key[0]); }

// The shards of one key that lie in the folder.
std::vector<std::filesystem::path> find_shards(const std::filesystem::path& folder,
                                               const std::string& prefix) {
  std::vector<std::filesystem::path> paths;
  if (!std::filesystem::is_directory(folder)) return paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(prefix) && name.ends_with(".tokens")) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

// Shards of one text belong together; other files stand for themselves.
void check_complete(const std::vector<TokenFile>& files) {
  for (std::size_t i = 0; i < files.size(); ++i) {
    const ShardInfo& info = files[i].info();
    const bool is_first = i == 0 || files[i - 1].info().key != info.key;
    const bool follows =
        is_first ? info.number == 0 : info.number == files[i - 1].info().number + 1;
    const bool ends = i + 1 == files.size() || files[i + 1].info().key != info.key;
    if (info.key != DataKey{} && (!follows || (ends && info.number + 1 != info.shards))) {
      throw pg::Error(fmt::format("{}: is shard {} of {}; the others must be named in order",
                                  files[i].path(), info.number, info.shards));
    }
  }
}

}  // namespace

Tokens open_token_files(std::vector<std::filesystem::path> paths, std::int64_t vocab_size) {
  std::vector<TokenFile> files;
  for (const std::filesystem::path& path : paths) files.emplace_back(path, vocab_size);
  check_complete(files);
  return Tokens(std::move(files));
}

DataKey key_of(const std::vector<Text>& texts, const Tokenizer& tokenizer) {
  pg::nn::Hasher hasher;
  const auto add = [&](std::string_view part) {
    const std::uint64_t size = part.size();  // so that no two lists of parts are the same bytes
    hasher.add(std::as_bytes(std::span(&size, 1)));
    hasher.add(std::as_bytes(std::span(part)));
  };
  add(tokenizer.file_name());
  add(tokenizer.contents());
  for (const Text& text : texts) {
    add(text.is_document ? "document" : "text");
    add(text.bytes);
  }
  const auto [high, low] = hasher.words();
  return {low, high};
}

Tokens prepare_tokens(const std::vector<Text>& texts, const Tokenizer& tokenizer,
                      const std::filesystem::path& folder, std::int64_t shard_tokens) {
  ShardInfo info{key_of(texts, tokenizer), tokenizer.vocab_size(), 0, 0};
  const std::string prefix = prefix_of(info.key);
  std::vector<std::filesystem::path> paths = find_shards(folder, prefix);
  if (!paths.empty()) {
    try {
      return open_token_files(paths, info.vocab_size);
    } catch (const pg::Error& error) {
      warn("{}; tokenising again", error.what());
    }
  }
  const std::vector<std::int32_t> ids = encode_texts(texts, tokenizer);
  if (ids.empty()) throw pg::Error("data: the texts have no tokens");
  std::filesystem::create_directories(folder);
  for (const std::filesystem::path& path : paths) std::filesystem::remove(path);
  paths.clear();
  const std::int64_t total = std::ssize(ids);
  info.shards = static_cast<std::uint32_t>((total + shard_tokens - 1) / shard_tokens);
  for (std::int64_t begin = 0; begin < total; begin += shard_tokens, ++info.number) {
    const auto count = static_cast<std::size_t>(std::min(shard_tokens, total - begin));
    paths.push_back(folder / fmt::format("{}{:05}.tokens", prefix, info.number));
    write_shard(paths.back(), info, std::span(ids).subspan(static_cast<std::size_t>(begin), count));
  }
  return open_token_files(paths, info.vocab_size);
}

Tokens load_tokens(const TextFiles& files, const Tokenizer& tokenizer,
                   const std::filesystem::path& folder) {
  const TextFiles expanded{expand_folders(files.paths), files.field};
  const auto text = std::ranges::find_if_not(expanded.paths, is_token_file);
  if (text == expanded.paths.end()) {
    return open_token_files(expanded.paths, tokenizer.vocab_size());
  }
  if (auto ids = std::ranges::find_if(expanded.paths, is_token_file); ids != expanded.paths.end()) {
    throw pg::Error(fmt::format("data: {} holds token ids and {} text; use one kind at a time",
                                ids->string(), text->string()));
  }
  const std::vector<Text> texts = read_texts(expanded);
  if (folder.empty()) return encode_texts(texts, tokenizer);
  return prepare_tokens(texts, tokenizer, folder);
}

std::vector<std::filesystem::path> expand_folders(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::filesystem::path> files;
  for (const std::filesystem::path& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.push_back(path);
      continue;
    }
    const std::size_t before = files.size();
    for (const auto& entry : std::filesystem::directory_iterator(path)) {
      if (is_token_file(entry.path())) files.push_back(entry.path());
    }
    if (files.size() == before) {
      throw pg::Error(path.string() + ": no files of token ids (.tokens, .bin) in the folder");
    }
    std::sort(files.begin() + static_cast<std::ptrdiff_t>(before), files.end());
  }
  return files;
}

}  // namespace llama
