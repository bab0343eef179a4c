// See train_bpe.h.
#include "examples/llama/tokenizer/train_bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <queue>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "examples/llama/tokenizer/byte_level.h"
#include "examples/llama/tokenizer/hf_json_writer.h"
#include "examples/llama/tokenizer/merge.h"
#include "examples/llama/tokenizer/regex.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

constexpr std::int64_t max_vocab_size = std::int64_t{1} << 20;

using Pair = std::pair<std::int32_t, std::int32_t>;
struct PairHash {
  std::size_t operator()(const Pair& pair) const {
    return std::hash<std::uint64_t>()(
        (std::uint64_t{static_cast<std::uint32_t>(pair.first)} << 32) |
        static_cast<std::uint32_t>(pair.second));
  }
};

struct Word {
  std::vector<std::int32_t> ids;
  std::int64_t count;
};

// How often a pair occurs, and in which words; words that lost it stay listed.
struct Occurrences {
  std::int64_t count = 0;
  std::vector<std::size_t> words;
};

struct Candidate {
  std::int64_t count;
  Pair pair;
  bool operator<(const Candidate& other) const {  // the best is the largest
    return std::tie(count, other.pair) < std::tie(other.count, pair);
  }
};

class Trainer {
 public:
  Trainer(std::string_view text, const BpeTrainingOptions& options) : options_(options) {
    for (const std::string& special : options.special) {
      if (special.empty() || ids_.contains(special)) {
        throw pg::Error(
            fmt::format("train-tokenizer: the special token \"{}\" is empty or there "
                        "twice",
                        special));
      }
      add_piece(special);
    }
    // By code point, which is the order of UTF-8 texts.
    std::vector<std::string> characters(byte_characters().begin(), byte_characters().end());
    std::ranges::sort(characters);
    for (const std::string& character : characters) add_piece(character);
    model_.special = options.special;
    count_words(text);
  }

  ByteLevelModel train() {
    for (std::size_t word = 0; word < words_.size(); ++word) count_pairs(word, 1);
    for (const auto& [pair, occurrences] : pairs_) candidates_.push({occurrences.count, pair});
    while (std::ssize(model_.pieces) < options_.vocab_size && !candidates_.empty()) {
      const Candidate best = candidates_.top();
      candidates_.pop();
      const std::int64_t count = pairs_[best.pair].count;
      if (count < options_.min_count) continue;
      if (count != best.count) {  // it changed since it was queued
        candidates_.push({count, best.pair});
        continue;
      }
      join(best.pair);
    }
    return std::move(model_);
  }

 private:
  std::int32_t add_piece(const std::string& piece) {
    const auto next = static_cast<std::int32_t>(model_.pieces.size());
    const auto [entry, is_new] = ids_.try_emplace(piece, next);
    if (is_new) model_.pieces.push_back(piece);
    return entry->second;
  }

  void count_words(std::string_view text) {
    std::map<std::string_view, std::int64_t> counts;
    Regex(gpt2_pattern, "train-tokenizer").split(text, [&](std::string_view part, bool) {
      ++counts[part];
    });
    for (const auto& [part, count] : counts) {
      Word word{{}, count};
      for (char c : part) {
        word.ids.push_back(ids_.find(byte_characters()[static_cast<unsigned char>(c)])->second);
      }
      words_.push_back(std::move(word));
    }
  }

  // Adds the pairs of a word, or takes them away.
  void count_pairs(std::size_t index, int sign) {
    const Word& word = words_[index];
    for (std::size_t i = 0; i + 1 < word.ids.size(); ++i) {
      Occurrences& occurrences = pairs_[{word.ids[i], word.ids[i + 1]}];
      occurrences.count += sign * word.count;
      const bool is_listed = !occurrences.words.empty() && occurrences.words.back() == index;
      if (sign > 0 && !is_listed) occurrences.words.push_back(index);
    }
  }

  void join(const Pair& pair) {
    const std::string &left = model_.pieces[static_cast<std::size_t>(pair.first)],
                      &right = model_.pieces[static_cast<std::size_t>(pair.second)];
    model_.merges.emplace_back(left, right);
    const std::int32_t joined = add_piece(left + right);
    std::vector<std::size_t> words = std::move(pairs_[pair].words);
    std::ranges::sort(words);
    words.erase(std::unique(words.begin(), words.end()), words.end());
    for (std::size_t index : words) {
      count_pairs(index, -1);
      std::vector<std::int32_t>& ids = words_[index].ids;
      std::size_t kept = 0;
      for (std::size_t i = 0; i < ids.size(); ++i, ++kept) {
        const bool matches = i + 1 < ids.size() && Pair(ids[i], ids[i + 1]) == pair;
        ids[kept] = matches ? joined : ids[i];
        i += matches;
      }
      ids.resize(kept);
      count_pairs(index, 1);
      for (std::size_t i = 0; i < ids.size(); ++i) {  // only pairs with the new piece grew
        if (ids[i] != joined) continue;
        if (i > 0) touched_.emplace_back(ids[i - 1], joined);
        if (i + 1 < ids.size()) touched_.emplace_back(joined, ids[i + 1]);
      }
    }
    std::ranges::sort(touched_);
    touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
    for (const Pair& grown : touched_) candidates_.push({pairs_[grown].count, grown});
    touched_.clear();
  }

  const BpeTrainingOptions& options_;
  ByteLevelModel model_;
  PieceIds ids_;
  std::vector<Word> words_;
  std::unordered_map<Pair, Occurrences, PairHash> pairs_;
  std::priority_queue<Candidate> candidates_;
  std::vector<Pair> touched_;
};

}  // namespace

std::string train_bpe(std::string_view text, const BpeTrainingOptions& options) {
  const auto least = static_cast<std::int64_t>(256 + options.special.size());
  if (options.vocab_size < least || options.vocab_size > max_vocab_size) {
    throw pg::Error(fmt::format("train-tokenizer: a vocabulary of {}, expected {} to {}",
                                options.vocab_size, least, max_vocab_size));
  }
  return to_hf_json(Trainer(text, options).train());
}

}  // namespace llama
