// NumPy files, header and data.
#include "runtime/nn/npy.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile memory;
  memory.fill({data, size});
  fuzz::accepts([] { pg::nn::load_npy(memory.path()); });
  return 0;
}
