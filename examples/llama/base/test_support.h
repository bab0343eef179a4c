// What the tests of the driver share.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <string_view>

#include "runtime/nn/file.h"
#include "tests/message_of.h"

namespace llama {

/// A folder of its own for a test, gone at its end.
struct TestFolder {
  std::filesystem::path path;
  explicit TestFolder(const char* name)
      : path(std::filesystem::temp_directory_path() /
             fmt::format("picograd_{}_{}", name, ::getpid())) {
    std::filesystem::remove_all(path);
    std::filesystem::create_directories(path);
  }
  ~TestFolder() { std::filesystem::remove_all(path); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
};

inline void write_file(const std::filesystem::path& path, std::string_view bytes) {
  pg::nn::write_whole_file("test", path.string(), bytes);
}

}  // namespace llama
