// tokenizer.pg.json, and the characters of any text. What is accepted reads back the same.
#include "tests/fuzz/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(fuzz::as_text(data, size));
  fuzz::accepts([&] { fuzz::use(*llama::parse_character_json(text, "tokenizer.pg.json"), text); });
  fuzz::accepts([&] {
    const auto tokenizer = llama::make_character_tokenizer(text);
    fuzz::require(tokenizer->decode_all(tokenizer->encode(text)) == text);
    const auto read = llama::parse_character_json(tokenizer->contents(), "written");
    fuzz::require(read->encode(text) == tokenizer->encode(text));
  });
  return 0;
}
