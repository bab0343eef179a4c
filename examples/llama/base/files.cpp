// See files.h.
#include "examples/llama/base/files.h"

#include <fmt/format.h>

#include "runtime/nn/file.h"

namespace llama {

std::string read_file(const std::filesystem::path& path, std::size_t limit) {
  const pg::nn::InputFile file("read", path.string());
  if (file.size() > limit) {
    file.reject(
        fmt::format("{} bytes, more than the {} expected here at most", file.size(), limit));
  }
  std::string bytes(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(bytes)));
  return bytes;
}

}  // namespace llama
