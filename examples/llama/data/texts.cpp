// See texts.h.
#include "examples/llama/data/texts.h"

#include "examples/llama/base/files.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

constexpr std::size_t max_text_bytes = std::size_t{4} << 30;

}  // namespace

std::string read_texts(const std::vector<std::filesystem::path>& paths) {
  std::string text;
  for (const auto& path : paths) {
    std::string part = read_file(path, max_text_bytes);
    if (part.empty()) throw pg::Error(path.string() + ": the file is empty");
    text += part;
  }
  return text;
}

}  // namespace llama
