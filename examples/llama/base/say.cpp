// See say.h.
#include "examples/llama/base/say.h"

namespace llama {

void write_text(std::FILE* stream, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stream);
}

}  // namespace llama
