// SentencePiece models: the scan, then the library on what the scan lets through.
#include "tests/fuzz/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::as_text(data, size);
  fuzz::accepts([&] {
    fuzz::use(*llama::parse_sentencepiece(std::string(bytes), "tokenizer.model"), bytes);
  });
  return 0;
}
