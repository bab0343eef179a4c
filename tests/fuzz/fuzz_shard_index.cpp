// model.safetensors.index.json. What is accepted can be written and reads back the same, and no
// shard's name leads out of the folder.
#include "examples/llama/weights/shard_index.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::accepts([&] {
    const auto index = llama::parse_shard_index(fuzz::as_text(data, size), "index.json");
    for (const auto& [tensor, shard] : index.shard_of) {
      fuzz::require(shard.find('/') == std::string::npos && shard.find('\0') == std::string::npos);
    }
    fuzz::require(llama::parse_shard_index(llama::to_json(index, 1), "written").shard_of ==
                  index.shard_of);
  });
  return 0;
}
