// See files.h.
#include "examples/llama/base/files.h"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

#include "runtime/device/error.h"

namespace llama {

std::string read_file(const std::filesystem::path& path, std::size_t limit) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    throw pg::Error(fmt::format("{}: no such file", path.string()));
  }
  if (!std::filesystem::is_regular_file(path, error)) {
    throw pg::Error(fmt::format("{}: not a regular file", path.string()));
  }
  std::size_t size = std::filesystem::file_size(path, error);
  if (error) throw pg::Error(fmt::format("{}: {}", path.string(), error.message()));
  if (size > limit) {
    throw pg::Error(fmt::format("{}: {} bytes, more than the {} expected here at most",
                                path.string(), size, limit));
  }
  std::string bytes(size, '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  if (!in || in.gcount() != static_cast<std::streamsize>(size)) {
    throw pg::Error(fmt::format("{}: read {} of {} bytes", path.string(), in.gcount(), size));
  }
  return bytes;
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::filesystem::path temporary = path;
  temporary += ".tmp";
  {
    std::ofstream out(temporary, std::ios::binary);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.close();
    if (!out) throw pg::Error(fmt::format("{}: cannot be written", temporary.string()));
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) throw pg::Error(fmt::format("{}: {}", path.string(), error.message()));
}

}  // namespace llama
