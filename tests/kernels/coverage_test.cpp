// Every kernel of the framework has a row: a new kernel without one fails here.
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "compiler/driver/pipeline.h"
#include "tests/source_folder.h"

namespace tile::harness {
namespace {

std::string text_of(const std::filesystem::path& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST_CASE("every kernel has a row") {
  const std::filesystem::path root = source_folder();
  std::string rows;
  for (const auto& entry : std::filesystem::directory_iterator(root / "tests/kernels")) {
    if (entry.path().filename().string().ends_with("_test.cpp")) rows += text_of(entry.path());
  }
  int kernels = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root / "kernels")) {
    if (entry.path().extension() != ".tile") continue;
    const KernelSource source{entry.path().string(), text_of(entry.path())};
    LoadedFile file(source);
    REQUIRE_MESSAGE(file.program() != nullptr, file.diagnostics().render(false));
    for (const std::string& kernel : file.program()->kernels()) {
      ++kernels;
      CHECK_MESSAGE(rows.find('"' + kernel + '"') != std::string::npos, kernel);
    }
  }
  CHECK(kernels > 0);
}

}  // namespace
}  // namespace tile::harness
