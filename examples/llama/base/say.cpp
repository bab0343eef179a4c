// See say.h.
#include "examples/llama/base/say.h"

#include <unistd.h>

namespace llama {

void write_text(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
}

void write_line(std::string_view line) {
  const bool on_terminal = ::isatty(STDERR_FILENO) == 1;
  write_text(stderr, fmt::format("{}{}\n", on_terminal ? "\r\033[K" : "", line));
}

}  // namespace llama
