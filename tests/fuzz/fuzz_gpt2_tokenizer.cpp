// GPT-2's two files: vocab.json, a NUL, merges.txt. What is accepted is kept as a tokenizer.json.
#include "tests/fuzz/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto [vocab, merges] = fuzz::cut_in_two(fuzz::as_text(data, size));
  fuzz::accepts([&] {
    const auto tokenizer =
        llama::parse_gpt2(std::string(vocab), "vocab.json", merges, "merges.txt");
    fuzz::use(*tokenizer, merges);
    fuzz::require(llama::parse_hf_json(tokenizer->contents(), "written")->vocab_size() ==
                  tokenizer->vocab_size());
  });
  return 0;
}
