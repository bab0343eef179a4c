// The header of a llama2.c checkpoint.
#include "examples/llama/config.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::accepts([&] { llama::parse_llama2c_header({data, size}, "model.bin"); });
  return 0;
}
