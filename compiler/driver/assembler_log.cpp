// See assembler_log.h.
#include "compiler/driver/assembler_log.h"

#include <algorithm>
#include <charconv>

namespace tile {

namespace {

/// The number before the first place of `words`.
int number_before(std::string_view text, std::string_view words) {
  const std::string_view before = text.substr(0, std::min(text.find(words), text.size()));
  const std::size_t begin = before.find_last_not_of("0123456789") + 1;
  int number = 0;
  if (before.size() < text.size()) {
    std::from_chars(before.data() + begin, before.data() + before.size(), number);
  }
  return number;
}

}  // namespace

AssemblerLog read_assembler_log(std::string_view text) {
  return {number_before(text, " registers"), number_before(text, " bytes spill stores")};
}

}  // namespace tile
