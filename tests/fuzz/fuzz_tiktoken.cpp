// llama 3's tokenizer.model: base64 and ranks. Every byte is a piece, so any text comes back.
#include "tests/fuzz/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::as_text(data, size);
  fuzz::accepts([&] {
    const auto tokenizer = llama::parse_tiktoken(std::string(bytes), "tokenizer.model");
    fuzz::use(*tokenizer, bytes);
    fuzz::require(tokenizer->decode_all(tokenizer->encode(bytes)) == bytes);
  });
  return 0;
}
