// Writes a byte-level byte-pair tokenizer as tokenizer.json, which Hugging Face's tokenizers and
// parse_hf_json read.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

namespace llama {

struct ByteLevelModel {
  std::vector<std::string> pieces;                          // by id, in byte characters
  std::vector<std::pair<std::string, std::string>> merges;  // the best first
  std::vector<std::string> special;                         // among the pieces
};

std::string to_hf_json(const ByteLevelModel& model);

}  // namespace llama
