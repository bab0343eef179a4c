// A small deterministic fuzzer: valid texts, changed at random in a few places, must be lexed,
// parsed, printed and rendered without a crash, whatever they have become. Also: our own texts
// parse.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "compiler/parse/parse_test_util.h"

namespace tile {
namespace {

using testing::parse_text;

constexpr std::string_view seeds[] = {
    R"(/// Doc.
kernel matmul<tune BM: int = 64, const P: precision = fp32>(a: tensor<f32>[M, K],
    c: unordered out "reason" tensor<f32>[M])
  grid (ceil_div(M, BM))
{
  let (i, j) = program();
  var acc: f32[BM] = zeros<f32>[BM];
  for k in 0..K step 4 { acc += sum(a[i*BM +: BM, k +: 4] pad -1.5, 1)[:, None]; }
  if const BM == 64 && !(K < 3) { c[i*BM +: BM] = acc; } else if M > 1 { return; } else { break; }
}
schedule matmul on x86-64-v3 when M % 8 == 0 { BM = 128; search { BM in {64, 128}; } }
instantiate matmul<P = tf32>;
)",
    R"(noinline fn exp<const T: type, const F: fn = g>(x: T[...], y: f32[N, 2]) -> (f32, f32[N]) real e {
  while any(x != y) { x = where(x < f32(y), (x, 2), f<N = 3>(x)); print("a\n", 0x7f, true, inf, nan); }
  return -x << 3 >> 1 | 4 ^ 5 & 6, ~x[None, :, i];
}
)"};

/// One random change: a byte, a cut, a copied piece, or a piece of the other seed.
std::string mutate(std::string text, std::mt19937& random) {
  constexpr std::string_view alphabet = "(){}[]<>;:,.=+-*/%&|^!~\"\\\n 09aexN_\x80\xc3\xff";
  auto pick = [&](std::size_t size) { return size == 0 ? 0 : random() % size; };
  std::size_t at = pick(text.size());
  std::size_t length = std::min<std::size_t>(pick(40), text.size() - at);
  switch (random() % 6) {
    case 0:
      text.erase(at, length);
      break;
    case 1:
      text.insert(pick(text.size()), text.substr(at, length));
      break;
    case 2:
      text.insert(at, 1, alphabet[pick(alphabet.size())]);
      break;
    case 3:
      text.resize(at);
      break;
    case 4:
      text.insert(at, seeds[random() % std::size(seeds)].substr(0, pick(200)));
      break;
    default:
      if (!text.empty()) text[at] = alphabet[pick(alphabet.size())];
  }
  return text;
}

TEST_CASE("changed texts never crash the front end") {
  std::mt19937 random(1337);
  std::size_t accepted = 0;
#ifdef NDEBUG
  constexpr int rounds = 20'000;
#else
  constexpr int rounds = 2'000;  // with sanitizers
#endif
  for (int round = 0; round < rounds; ++round) {
    std::string text(seeds[random() % std::size(seeds)]);
    for (std::uint32_t i = 0, changes = 1 + random() % 4; i < changes; ++i) {
      text = mutate(std::move(text), random);
    }
    auto parsed = parse_text(text);
    // Whatever is wrong with it is said in a bounded number of messages.
    CHECK(parsed.count <= text.size());
    if (parsed.count == 0) ++accepted;
  }
  CHECK(accepted > rounds / 100);
  CHECK(accepted < rounds / 2);
}

TEST_CASE("every prefix of a valid text gives few messages") {
  for (std::string_view seed : seeds) {
    for (std::size_t length = 0; length < seed.size(); ++length) {
      CAPTURE(length);
      CHECK(parse_text(seed.substr(0, length)).count <= 3);
    }
    CHECK(parse_text(seed).messages == "");
  }
}

TEST_CASE("the texts of the repository parse") {
  std::size_t count = 0;
  for (const char* folder : {"/stdlib", "/kernels", "/examples"}) {
    std::filesystem::path path = std::string(PICOGRAD_SOURCE_DIR) + folder;
    if (!std::filesystem::exists(path)) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
      if (entry.path().extension() != ".tile") continue;
      std::ifstream file(entry.path());
      std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
      CAPTURE(entry.path().string());
      CHECK(parse_text(text).messages == "");
      ++count;
    }
  }
  CHECK(count > 0);
}

// "```tile" holds items, "```tile body" statements.
TEST_CASE("the examples of docs/language.md parse") {
  std::ifstream file(std::string(PICOGRAD_SOURCE_DIR) + "/docs/language.md");
  std::size_t count = 0;
  std::string line;
  while (std::getline(file, line)) {
    if (line != "```tile" && line != "```tile body") continue;
    bool is_body = line == "```tile body";
    std::string text = is_body ? "fn f() {\n" : "";
    while (std::getline(file, line) && line != "```") text += line + "\n";
    if (is_body) text += "}\n";
    CHECK(parse_text(text).messages == "");
    ++count;
  }
  CHECK(count >= 9);
}

}  // namespace
}  // namespace tile
