// Learns a byte-level byte-pair tokenizer from text: starting from bytes, the pair of neighbours
// that occurs most often within words becomes a piece, again and again. Of pairs that occur equally
// often the one of the smallest ids comes first, so the same text gives the same tokenizer.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace llama {

struct BpeTrainingOptions {
  std::int64_t vocab_size = 4096;
  std::int64_t min_count = 2;             // rarer pairs are not joined
  std::vector<std::string> special = {};  // the first ids, then the 256 bytes
};

/// The tokenizer.json; with fewer pieces than asked for when the text has no more pairs. Throws
/// pg::Error when the vocabulary cannot hold the bytes.
std::string train_bpe(std::string_view text, const BpeTrainingOptions& options);

}  // namespace llama
