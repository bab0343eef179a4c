// What every tokenizer that was accepted must be able to do, whatever its file said.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "examples/llama/tokenizer/tokenizer.h"
#include "tests/fuzz/fuzz.h"

namespace fuzz {

/// Encodes texts and decodes what comes out: ids are in range, or the text is refused. Of `text`,
/// which may be a whole file, the start.
inline void use(const llama::Tokenizer& tokenizer, std::string_view text) {
  using namespace std::string_view_literals;
  constexpr std::size_t most_bytes = 256;
  for (std::string_view sample : {text.substr(0, most_bytes), "Hello <s>world  \n\n 123\0\xff ab"sv,
                                  "\xe2\x96\x81 \xf0\x9f\x99\x82"sv}) {
    accepts([&] {
      const std::vector<std::int32_t> ids = tokenizer.encode(sample);
      for (std::int32_t id : ids) require(id >= 0 && id < tokenizer.vocab_size());
      tokenizer.decode_all(ids);
    });
  }
  for (std::int32_t id : {-1, 0, 1, 299, 0x7fffffff}) {
    const bool in_range = id >= 0 && id < tokenizer.vocab_size();
    require(accepts([&] { tokenizer.decode(-1, id); }) == in_range);
  }
  require(tokenizer.bos() < tokenizer.vocab_size() && tokenizer.eos() < tokenizer.vocab_size());
}

/// The part of the input before the first NUL, and the part after it.
inline std::pair<std::string_view, std::string_view> cut_in_two(std::string_view input) {
  const std::size_t end = input.find('\0');
  if (end == std::string_view::npos) return {input, ""};
  return {input.substr(0, end), input.substr(end + 1)};
}

}  // namespace fuzz
