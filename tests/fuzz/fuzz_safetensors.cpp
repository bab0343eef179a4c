// Safetensors files, header and data. Half of the mutations keep the length in front right, so that
// they reach the header's text instead of dying at its length.
#include <algorithm>
#include <cstring>

#include "runtime/nn/safetensors.h"
#include "tests/fuzz/fuzz.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  constexpr std::size_t length_bytes = 8;
  std::uint64_t header = 0;
  if (size >= length_bytes) std::memcpy(&header, data, length_bytes);
  if (seed % 2 == 0 || size < length_bytes || header > size - length_bytes) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  std::uint8_t* text = data + length_bytes;
  const std::string tail(text + header, text + (size - length_bytes));
  const std::size_t room = max_size - length_bytes - tail.size();
  header = LLVMFuzzerMutate(text, header, room);
  std::memcpy(data, &header, length_bytes);
  std::copy(tail.begin(), tail.end(), text + header);
  return length_bytes + header + tail.size();
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile memory;
  memory.fill({data, size});
  fuzz::accepts([] {
    const pg::nn::SafetensorsFile file(memory.path());
    for (const pg::nn::SafetensorsEntry& entry : file.entries()) {
      fuzz::accepts([&] { file.read(entry.name); });  // a dtype may be one that cannot be read
    }
  });
  return 0;
}
