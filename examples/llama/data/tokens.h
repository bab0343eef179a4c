// A sequence of token ids, in memory or in files, one after the other. Slices share what
// they are cut from, so a split into training and validation part copies nothing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "examples/llama/data/token_file.h"

namespace llama {

class Tokens {
 public:
  Tokens() = default;
  Tokens(std::vector<std::int32_t> ids);
  explicit Tokens(std::vector<TokenFile> files);

  std::int64_t size() const { return end_ - begin_; }
  /// The tokens from `begin` up to `end` of these; both must lie in them.
  Tokens slice(std::int64_t begin, std::int64_t end) const;
  /// Fills `out` with the tokens from `first` on, which must be there.
  void read(std::int64_t first, std::span<std::int32_t> out) const;

 private:
  struct Store {
    std::vector<std::int32_t> ids;
    std::vector<TokenFile> files;
    std::vector<std::int64_t> starts;  // of each file in the sequence
  };
  std::shared_ptr<const Store> store_;
  std::int64_t begin_ = 0, end_ = 0;
};

struct Split {
  Tokens training;
  Tokens validation;
};

/// The last `fraction` of the tokens become the validation part (0.1: nanoGPT's split).
Split split_tokens(const Tokens& tokens, double fraction = 0.1);

}  // namespace llama
