// Hugging Face's config.json. What is accepted can be written and reads back the same.
#include "examples/llama/weights/hf_config.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::accepts([&] {
    const llama::Config config = llama::parse_hf_config(fuzz::as_text(data, size), "config.json");
    fuzz::require(llama::parse_hf_config(llama::to_hf_json(config), "written") == config);
  });
  return 0;
}
