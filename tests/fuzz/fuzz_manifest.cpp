// The manifest of a checkpoint, as a file and past the hash that guards it. What is accepted can be
// written and reads back the same.
#include "examples/llama/train/manifest.h"
#include "tests/fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::as_text(data, size);
  fuzz::accepts([&] { llama::parse_manifest(text); });
  fuzz::accepts([&] {
    const llama::Manifest manifest = llama::parse_manifest_body(text);
    for (const auto& [name, seal] : manifest.files) {
      fuzz::require(name.find('/') == std::string::npos && name != ".." && name != ".");
    }
    fuzz::require(llama::parse_manifest(llama::to_text(manifest)) == manifest);
  });
  return 0;
}
