// Training text: plain files, which are read as they are, and .jsonl files, in which every line is
// an object with one document in a field.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "examples/llama/tokenizer/tokenizer.h"

namespace llama {

struct TextFiles {
  std::vector<std::filesystem::path> paths;
  std::string field = "text";  // of .jsonl files
};

struct Text {
  std::string bytes;
  bool is_document = false;  // gets the tokens that begin and end one
};

/// Plain files in a row are one text. Throws pg::Error naming file and line: missing, empty, not a
/// JSON object, no such field.
std::vector<Text> read_texts(const TextFiles& files);
/// The documents of a .jsonl file's bytes; errors open with `origin`.
std::vector<Text> parse_jsonl(std::string_view bytes, const std::string& field,
                              const std::string& origin);

/// All of them, one after the other.
std::string join_texts(const std::vector<Text>& texts);
/// Their tokens. A document begins with the tokenizer's bos and ends with its eos, where there are
/// such; when they are the same token it only begins with it.
std::vector<std::int32_t> encode_texts(const std::vector<Text>& texts, const Tokenizer& tokenizer);

}  // namespace llama
