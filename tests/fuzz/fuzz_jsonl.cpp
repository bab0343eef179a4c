// Documents of .jsonl files.
#include "examples/llama/data/texts.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::accepts([&] {
    const auto texts = llama::parse_jsonl(fuzz::as_text(data, size), "text", "data.jsonl");
    fuzz::require(!texts.empty());
    for (const llama::Text& text : texts) fuzz::require(text.is_document);
  });
  return 0;
}
