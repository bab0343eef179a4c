// llama2.c's tokenizer.bin, of unknown length and of 300 tokens.
#include "tests/fuzz/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::as_text(data, size);
  for (std::int64_t vocab_size : {0, 300}) {
    fuzz::accepts([&] {
      fuzz::use(*llama::parse_llama2c(std::string(bytes), "tokenizer.bin", vocab_size), bytes);
    });
  }
  return 0;
}
