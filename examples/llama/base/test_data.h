// Where tests find real models and texts: PICOGRAD_DATA, or shared/data beside the checkout.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace llama {

inline std::filesystem::path test_data_folder() {
  if (const char* folder = std::getenv("PICOGRAD_DATA")) return folder;
  return std::filesystem::path(PICOGRAD_SOURCE_DIR) / "../shared/data";
}

}  // namespace llama

/// Declares `path`, or notes a skip and leaves the test when the file is not there.
#define REQUIRE_DATA(path, relative)                                  \
  const auto path = ::llama::test_data_folder() / relative;           \
  if (!std::filesystem::exists(path)) {                               \
    std::printf("SKIP %s: no test data (PICOGRAD_DATA)\n", relative); \
    return;                                                           \
  }                                                                   \
  static_cast<void>(0)
