// From files to tokens: files of token ids are read where they are needed; texts are tokenised once
// into shards, which are found again by a key of texts and tokenizer, so that a changed text or
// another tokenizer is tokenised anew.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "examples/llama/data/texts.h"
#include "examples/llama/data/tokens.h"
#include "examples/llama/tokenizer/tokenizer.h"

namespace llama {

inline constexpr std::int64_t default_shard_tokens = std::int64_t{1} << 27;

/// Files of token ids (is_token_file); of one set of shards all must be there. Throws pg::Error
/// naming the file.
Tokens open_token_files(std::vector<std::filesystem::path> paths, std::int64_t vocab_size);

/// Of these texts and this tokenizer.
DataKey key_of(const std::vector<Text>& texts, const Tokenizer& tokenizer);

/// The shards of the texts in `folder`; written when they are not there or are damaged.
Tokens prepare_tokens(const std::vector<Text>& texts, const Tokenizer& tokenizer,
                      const std::filesystem::path& folder,
                      std::int64_t shard_tokens = default_shard_tokens);

/// The tokens of files of either kind, by their names. Texts are tokenised into shards in `folder`,
/// or only in memory when that is empty.
Tokens load_tokens(const TextFiles& files, const Tokenizer& tokenizer,
                   const std::filesystem::path& folder = {});

/// A folder stands for the token files in it, in the order of their names.
std::vector<std::filesystem::path> expand_folders(const std::vector<std::filesystem::path>& paths);

}  // namespace llama
