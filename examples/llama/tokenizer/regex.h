// The patterns by which pre-tokenizers cut text, through PCRE2 with limits: a pattern from a file
// may be a catastrophic one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace llama {

/// GPT-2's pattern and llama 3's.
extern const std::string_view gpt2_pattern;
extern const std::string_view llama3_pattern;

class Regex {
 public:
  /// Throws pg::Error that opens with `origin` when the pattern is wrong or too large.
  Regex(std::string_view pattern, const std::string& origin);

  /// Calls `visit` with each match and with what lies between matches, in order; together they are
  /// the text. Bytes that are not UTF-8 match nothing. Throws pg::Error when a match exceeds the
  /// limits of time and memory.
  void split(std::string_view text,
             const std::function<void(std::string_view part, bool matched)>& visit) const;

 private:
  struct Code;
  std::string origin_;
  std::shared_ptr<const Code> code_;
};

/// The pattern that matches `text` and nothing else.
std::string quote_pattern(std::string_view text);

}  // namespace llama
