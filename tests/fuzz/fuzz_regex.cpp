// Patterns of pre-tokenizers: a pattern, a NUL, a text. The parts together are the text.
#include "examples/llama/tokenizer/regex.h"

#include "tests/fuzz/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [pattern, text] = fuzz::cut_in_two(fuzz::as_text(data, size));
  fuzz::accepts([&] {
    const llama::Regex regex(pattern, "pattern");
    std::string parts;
    regex.split(text, [&](std::string_view part, bool) {
      fuzz::require(!part.empty());
      parts += part;
    });
    fuzz::require(parts == text);
  });
  return 0;
}
