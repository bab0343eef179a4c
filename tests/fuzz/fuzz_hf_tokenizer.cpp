// Hugging Face's tokenizer.json: a document, a NUL, and a text to encode.
#include "tests/fuzz/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [document, text] = fuzz::cut_in_two(fuzz::as_text(data, size));
  fuzz::accepts([&] {
    const auto tokenizer = llama::parse_hf_json(std::string(document), "tokenizer.json");
    fuzz::use(*tokenizer, text);
    fuzz::require(tokenizer->contents() == document);
  });
  return 0;
}
