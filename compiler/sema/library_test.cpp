// Every .tile text of the repository passes the check phase, and what it emits passes the verifier.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "compiler/ir/verifier.h"
#include "compiler/sema/sema_test_util.h"

namespace tile::sema {
namespace {

std::vector<std::filesystem::path> texts(std::string_view folder) {
  std::vector<std::filesystem::path> paths;
  std::filesystem::path root = std::filesystem::path(PICOGRAD_SOURCE_DIR) / folder;
  for (const auto& entry : std::filesystem::directory_iterator(root)) {
    if (entry.path().extension() == ".tile") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// The messages that checking `text` as the user's file gives.
std::string messages(const std::string& name, const std::string& text) {
  SourceSet sources;
  Diagnostics diagnostics(sources);
  std::vector<std::unique_ptr<Ast>> asts;
  std::vector<const Ast*> files;
  auto add = [&](const std::string& file_name, const std::string& content) {
    FileId file = sources.add(file_name, content);
    Tokens tokens = lex(sources, file, diagnostics);
    asts.push_back(std::make_unique<Ast>(parse(sources, file, tokens, diagnostics)));
    files.push_back(asts.back().get());
  };
  for (const auto& library : texts("stdlib")) add(library.filename().string(), read(library));
  add(name, text);
  if (diagnostics.has_errors()) return diagnostics.render(false);
  Program program(diagnostics, files);
  program.check();
  for (const std::string& kernel : program.kernels()) {
    for (const Instance& instance : program.instances(kernel)) {
      auto module = program.instantiate(kernel, instance.settings);
      if (!module) continue;
      if (auto broken = ir::verify(*module)) return *broken;
    }
  }
  return diagnostics.render(false);
}

TEST_CASE("the standard library, the kernels and the examples check") {
  for (std::string_view folder : {"stdlib", "kernels", "examples"}) {
    for (const auto& path : texts(folder)) {
      CHECK(messages(path.filename().string(), read(path)) == "");
    }
  }
}

TEST_CASE("the items that docs/language.md shows check") {
  std::string page = read(std::filesystem::path(PICOGRAD_SOURCE_DIR) / "docs/language.md");
  int count = 0;
  for (std::size_t at = 0; (at = page.find("```tile\n", at)) != std::string::npos; ++count) {
    std::size_t begin = at + 8;
    at = page.find("```", begin);
    REQUIRE(at != std::string::npos);
    CHECK(messages("language.md", page.substr(begin, at - begin)) == "");
  }
  CHECK(count >= 8);
}

}  // namespace
}  // namespace tile::sema
