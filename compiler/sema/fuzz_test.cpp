// A small deterministic fuzzer: the goldens of this phase, with tokens removed, doubled, exchanged
// or replaced, are checked without a crash, and whatever is found right passes the verifier.
// PICOGRAD_FUZZ=N tries N mutants.
#include <doctest/doctest.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "compiler/ir/verifier.h"
#include "compiler/sema/sema_test_util.h"

namespace tile::sema {
namespace {

std::vector<std::string> seeds() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(
           std::filesystem::path(PICOGRAD_SOURCE_DIR) / "tests/sema")) {
    if (entry.path().extension() == ".tile") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> texts;
  for (const auto& path : paths) {
    // Unrolling up to its limit is slow and teaches nothing here.
    if (path.stem() == "fail_evaluation_limit") continue;
    std::ifstream in(path);
    texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return texts;
}

/// The texts of a file's tokens, in order.
std::vector<std::string> split(const std::string& text) {
  SourceSet sources;
  Diagnostics diagnostics(sources);
  FileId file = sources.add("-", text);
  std::vector<std::string> words;
  for (const Token& token : lex(sources, file, diagnostics)) {
    words.emplace_back(sources.text({file, token.begin, token.end}));
  }
  return words;
}

/// A random word of the same sort (name, number, symbol), so that most mutants still parse.
const std::string& similar(const std::vector<std::string>& words, const std::string& to,
                           std::mt19937& random) {
  auto sort_of = [](const std::string& word) {
    constexpr std::string_view keywords =
        " kernel fn let var const tune for in while if else return break grid schedule "
        "instantiate on tensor out inout None pad when true false ";
    constexpr std::string_view operators = " + - * / % < > <= >= == != << >> ";
    if (operators.contains(" " + word + " ")) return 0;
    if (word.empty() || std::ispunct(static_cast<unsigned char>(word[0]))) return 1;
    if (std::isdigit(static_cast<unsigned char>(word[0]))) return 2;
    return keywords.contains(" " + word + " ") ? 3 : 4;
  };
  if (sort_of(to) == 1 || sort_of(to) == 3) return to;
  for (int i = 0; i < 20; ++i) {
    const std::string& word = words[random() % words.size()];
    if (sort_of(word) == sort_of(to)) return word;
  }
  return to;
}

std::string mutate(const std::vector<std::string>& words, const std::vector<std::string>& others,
                   std::mt19937& random) {
  std::vector<std::string> changed = words;
  for (unsigned edits = 1 + random() % 3; edits > 0; --edits) {
    std::size_t at = random() % changed.size(), other = random() % changed.size();
    auto place = changed.begin() + static_cast<std::ptrdiff_t>(at);
    switch (random() % 10) {
      case 0: changed.erase(place); break;
      case 1: std::swap(changed[at], changed[other]); break;
      case 2: changed.insert(place, std::string(changed[other])); break;
      case 3: case 4: case 5: changed[at] = similar(others, changed[at], random); break;
      default: changed[at] = similar(words, changed[at], random);
    }
    if (changed.empty()) break;
  }
  std::string text;
  for (const std::string& word : changed) text += word + " ";
  return text;
}

/// True when the text was right.
bool check(const std::string& text, int& parsed) {
  Checked checked(text, "fn exp(x: f32[...]) -> f32[...] { return x * x; }");
  if (!checked.program) return false;
  ++parsed;
  checked.program->check();
  if (checked.diagnostics.has_errors()) return false;
  for (const std::string& kernel : checked.program->kernels()) {
    for (const Instance& instance : checked.program->instances(kernel)) {
      auto module = checked.program->instantiate(kernel, instance.settings);
      REQUIRE_MESSAGE(module, text);
      auto broken = ir::verify(*module);
      REQUIRE_MESSAGE(!broken, text, broken.value_or(""));
    }
  }
  return true;
}

TEST_CASE("mutated texts are checked without a crash") {
  const char* wanted = std::getenv("PICOGRAD_FUZZ");
  int count = wanted ? std::atoi(wanted) : 3000;
  std::mt19937 random(7);
  std::vector<std::vector<std::string>> all;
  for (const std::string& text : seeds()) all.push_back(split(text));
  REQUIRE(all.size() > 40);
  int right = 0, parsed = 0;
  for (int i = 0; i < count; ++i) {
    const auto& words = all[random() % all.size()];
    std::string text = mutate(words, all[random() % all.size()], random);
    if (std::getenv("PICOGRAD_FUZZ_SHOW")) MESSAGE(text);
    right += check(text, parsed);
  }
  CHECK(parsed > count / 3);
  CHECK(right > 0);
}

}  // namespace
}  // namespace tile::sema
