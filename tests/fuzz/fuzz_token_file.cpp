// Files of token ids of every kind. Mutations of a shard's fields keep the checksums right, or they
// would all die at those.
#include <xxhash.h>

#include <cstring>
#include <vector>

#include "examples/llama/data/token_file.h"
#include "tests/fuzz/fuzz.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  constexpr std::size_t hashed_bytes = 64, header_bytes = 128;
  size = LLVMFuzzerMutate(data, size, max_size);
  if (seed % 4 == 0 || size < header_bytes) return size;
  const XXH64_hash_t token_hash = XXH3_64bits(data + header_bytes, size - header_bytes);
  std::memcpy(data + hashed_bytes - sizeof token_hash, &token_hash, sizeof token_hash);
  const XXH64_hash_t header_hash = XXH3_64bits(data, hashed_bytes);
  std::memcpy(data + hashed_bytes, &header_hash, sizeof header_hash);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static fuzz::MemoryFile memory;
  memory.fill({data, size});
  constexpr std::int64_t vocab_size = 50257;
  fuzz::accepts([&] {
    const llama::TokenFile file(memory.path(), vocab_size);
    std::vector<std::int32_t> ids(static_cast<std::size_t>(file.size()));
    file.read(0, ids);
    for (std::int32_t id : ids) fuzz::require(id >= 0 && id < vocab_size);
    memory.fill({});  // as another process may do while the file is open
    fuzz::require(!fuzz::accepts([&] { file.read(0, ids); }));
  });
  return 0;
}
