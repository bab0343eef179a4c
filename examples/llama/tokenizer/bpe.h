// Byte-pair encoding as Hugging Face's tokenizers defines it: added tokens are found first, what
// lies between them is normalised and cut into words, and each word's characters are merged. Its
// parts come from tokenizer.json (hf_json.cpp) or a tiktoken vocabulary (tiktoken.cpp).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "examples/llama/tokenizer/merge.h"
#include "examples/llama/tokenizer/pre_tokenizer.h"
#include "examples/llama/tokenizer/tokenizer.h"

namespace llama {

/// How pieces spell bytes, which decoding undoes.
enum class Spelling {
  Plain,      // as they are
  ByteLevel,  // a character a byte (byte_level.h)
  Metaspace,  // spaces as U+2581, bytes as <0xXX>
};

/// Rewrites what lies between added tokens.
using Normalizer = std::function<std::string(std::string_view)>;

struct BpeParts {
  std::string file_name, contents;  // for Tokenizer

  std::vector<std::string> pieces;  // by id; added tokens too
  PieceIds ids;                     // of the pieces that words are made of
  MergeTable merges;
  bool whole_words_first = false;  // a word that is a piece is not merged (ignore_merges)
  bool byte_fallback = false;      // characters without a piece become <0xXX>
  std::int32_t unknown = -1;       // the id of characters that cannot be said at all
  bool fuse_unknown = false;       // one for several of them in a row

  std::vector<std::int32_t> added;  // ids of tokens that are found in the text as they are
  std::vector<Normalizer> normalizers;
  std::vector<PreTokenizerStep> steps;
  Spelling spelling = Spelling::Plain;
  bool strip_first_space = false;  // encoding put it before the text
  std::int32_t bos = -1, eos = -1;
};

std::unique_ptr<Tokenizer> make_bpe_tokenizer(BpeParts parts);

/// Spaces in vocabularies that come from SentencePiece: U+2581.
inline constexpr std::string_view space_mark = "\xe2\x96\x81";

/// The byte that a piece like <0x0A> stands for, or -1.
int byte_of_piece(std::string_view piece);

}  // namespace llama
