// Tokenizers against known ids, and every way their files can lie.
#include "examples/llama/tokenizer/tokenizer.h"

#include <doctest/doctest.h>

#include <cstring>

#include "examples/llama/base/files.h"
#include "examples/llama/base/test_data.h"
#include "examples/llama/base/test_support.h"

using namespace llama;

namespace {

template <class T>
void append(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string llama2c_file(std::int32_t longest,
                         std::initializer_list<std::pair<float, std::string>> pieces) {
  std::string out;
  append(out, longest);
  for (const auto& [score, text] : pieces) {
    append(out, score);
    append(out, static_cast<std::int32_t>(text.size()));
    out += text;
  }
  return out;
}

}  // namespace

TEST_CASE("bytes: every byte is its own token") {
  auto tokenizer = make_byte_tokenizer();
  CHECK(tokenizer->vocab_size() == 256);
  std::string text("a\0\xff\n", 4);
  CHECK(tokenizer->encode(text) == std::vector<std::int32_t>{97, 0, 255, 10});
  CHECK(tokenizer->decode_all(tokenizer->encode(text)) == text);
}

TEST_CASE("characters: distinct code points in order, saved and loaded") {
  auto tokenizer = make_character_tokenizer("héllo\n");
  CHECK(tokenizer->vocab_size() == 5);
  CHECK(tokenizer->encode("\nho") == std::vector<std::int32_t>{0, 1, 3});
  CHECK(tokenizer->decode_all(tokenizer->encode("hé")) == "hé");
  CHECK(message_of([&] { tokenizer->encode("hox"); }).find("\"x\" at byte 2") != std::string::npos);

  const TestFolder folder("characters");
  tokenizer->save(folder.path);
  auto loaded = load_tokenizer(folder.path, 0);
  CHECK(loaded->encode("héllo\n") == tokenizer->encode("héllo\n"));
  CHECK(message_of([] { make_character_tokenizer("a\xff"); }).find("byte 1 (0xff)") !=
        std::string::npos);
}

TEST_CASE("llama2.c: merges by score, byte fallback, space after bos") {
  std::string file = llama2c_file(
      2, {{0, "?"}, {0, "<"}, {0, ">"}, {0, " "}, {0, "a"}, {0, "b"}, {-2, "ab"}, {-1, " a"}});
  auto tokenizer = parse_llama2c(file, "merge.bin", 8);
  // " ab": " a" has the better score, so "ab" is never formed.
  CHECK(tokenizer->encode("ab") == std::vector<std::int32_t>{7, 5});
  CHECK(tokenizer->encode("").empty());
  CHECK(tokenizer->decode(1, 7) == "a");
  CHECK(tokenizer->decode(5, 7) == " a");
  CHECK(message_of([&] { tokenizer->decode(1, 8); }) == "decode: token id 8 of 8");
}

TEST_CASE("llama2.c: damaged files are refused by field") {
  std::string good = llama2c_file(2, {{0, "?"}, {0, "a"}, {0, "b"}});
  auto load = [](const std::string& bytes, std::int64_t vocab) {
    return message_of([&] { parse_llama2c(bytes, "bad.bin", vocab); });
  };
  CHECK(load(good, 3) == "no error");
  CHECK(load(good.substr(0, good.size() - 1), 3).find("inside token 2") != std::string::npos);
  CHECK(load(good, 4).find("inside token 3") != std::string::npos);
  CHECK(load(good, 2).find("9 bytes after the 2 tokens") != std::string::npos);
  CHECK(load("", 3).find("longest piece") != std::string::npos);
  std::string lying = good;
  std::int32_t huge = 0x7fffffff;
  std::memcpy(lying.data() + 8, &huge, 4);
  CHECK(load(lying, 3).find("token 0 has length 2147483647") != std::string::npos);
}

TEST_CASE("llama2.c: the vocabulary of stories260K") {
  REQUIRE_DATA(path, "stories260K/tok512.bin");
  auto tokenizer = load_tokenizer(path, 512);
  CHECK(tokenizer->encode("Once upon a time") == std::vector<std::int32_t>{403, 407, 261, 378});
  CHECK(tokenizer->decode_all({1, 403, 407, 261, 378}).ends_with("Once upon a time"));
}

TEST_CASE("tinyshakespeare: 65 characters and the usual split") {
  REQUIRE_DATA(path, "tinyshakespeare/input.txt");
  std::string text = read_file(path, 1 << 22);
  CHECK(text.size() == 1115394);
  CHECK(make_character_tokenizer(text)->vocab_size() == 65);
}
