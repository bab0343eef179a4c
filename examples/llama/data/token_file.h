// One file of token ids. Four kinds are read: this project's shards (.tokens), llm.c's .bin
// (256 int32 of header, then u16 or u32) and nanoGPT's .bin (u16 and nothing else). Shards are
// written with a checksum and a key that says what text and tokenizer they were made of.
//
// A shard, little-endian:
//   "PGTOKENS"  u32 version 1  u32 bytes a token (2 or 4)  u64 vocabulary size  u64 tokens
//   u32 number of this shard  u32 shards in all  u64[2] key  u64 XXH3 of the tokens
//   u64 XXH3 of the 64 bytes before it, then zeros up to byte 128, then the tokens.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "runtime/nn/file.h"

namespace llama {

/// What a shard was made of: a hash of texts and tokenizer.
using DataKey = std::array<std::uint64_t, 2>;

struct ShardInfo {
  DataKey key{};
  std::int64_t vocab_size = 0;
  std::uint32_t number = 0;
  std::uint32_t shards = 1;
};

class TokenFile {
 public:
  /// Checks the header, the checksum of a shard, and that every id is below `vocab_size`; each
  /// error names the file.
  TokenFile(const std::filesystem::path& path, std::int64_t vocab_size);

  const std::string& path() const { return file_.path(); }
  std::int64_t size() const { return size_; }
  /// Of a shard; zeros for the other kinds.
  const ShardInfo& info() const { return info_; }
  /// Fills `out` with the tokens from `first` on. Throws pg::Error for a file that changed since it
  /// was opened, even where it kept its size.
  void read(std::int64_t first, std::span<std::int32_t> out) const;

 private:
  void read_header();
  void read_shard_header();
  void read_llmc_header();
  std::uint64_t place_of(std::int64_t token) const;
  template <class Word>
  void read_words(std::int64_t first, std::span<Word> into) const;
  template <class Word>
  void verify_tokens() const;

  pg::nn::InputFile file_;
  std::int64_t vocab_size_;
  std::size_t begin_ = 0;            // byte of the first token
  std::size_t bytes_per_token_ = 2;  // or 4
  std::int64_t size_ = 0;
  ShardInfo info_;
  std::uint64_t checksum_ = 0;  // of a shard's tokens
};

/// Is this a file of token ids, by its name: .bin or .tokens.
bool is_token_file(const std::filesystem::path& path);

/// Writes one shard beside `path` and renames it. Tokens take two bytes where the vocabulary
/// allows.
void write_shard(const std::filesystem::path& path, const ShardInfo& info,
                 std::span<const std::int32_t> tokens);

}  // namespace llama
