// Where tests find the files of this repository: where it was built, unless PICOGRAD_SOURCE names
// another copy of it.
#pragma once

#include <cstdlib>
#include <filesystem>

inline std::filesystem::path source_folder() {
  const char* other = std::getenv("PICOGRAD_SOURCE");
  return other != nullptr ? other : PICOGRAD_SOURCE_DIR;
}
