// The header of a llama2.c checkpoint, both versions.
#include "examples/llama/weights/llama2c.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::accepts(
      [&] { llama::parse_llama2c_header(std::as_bytes(std::span(data, size)), "model.bin"); });
  return 0;
}
