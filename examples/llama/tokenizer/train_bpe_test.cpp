// Learning merges: the definition on a text small enough to count by hand, and the tokenizer that
// Hugging Face's trainer learns from the same text.
#include "examples/llama/tokenizer/train_bpe.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "examples/llama/base/files.h"
#include "examples/llama/tokenizer/tokenizer.h"
#include "runtime/device/error.h"

using namespace llama;
using nlohmann::json;

TEST_CASE("train: the commonest pair first, the smaller ids among equals") {
  // Words: "ab" 3 times, " ab" once, "cd" twice: (a,b) 4; (c,d) 2; then (space, ab) 1.
  const std::string text = "ab\nab\nab ab\ncd\ncd\n";
  const json learned = json::parse(train_bpe(text, {.vocab_size = 300}));
  CHECK(learned["model"]["merges"] == json{"a b", "c d"});
  const json all = json::parse(train_bpe(text, {.vocab_size = 300, .min_count = 1}));
  CHECK(all["model"]["merges"] == json{"a b", "c d", "\xc4\xa0 ab"});
  const json cut = json::parse(train_bpe(text, {.vocab_size = 258, .special = {"<x>"}}));
  CHECK(cut["model"]["merges"] == json{"a b"});
  CHECK(cut["model"]["vocab"].size() == 258);
  CHECK(cut["model"]["vocab"]["<x>"] == 0);
  CHECK(json::parse(train_bpe("xy ab", {.vocab_size = 257, .min_count = 1}))["model"]["merges"] ==
        json{"a b"});
}

TEST_CASE("train: overlapping pairs") {
  const json learned = json::parse(train_bpe("aaaaaaa", {.vocab_size = 300, .min_count = 1}));
  // a a a a a a a -> aa aa aa a -> aaaa aa a, where equal counts take the smaller ids
  CHECK(learned["model"]["merges"][0] == "a a");
  CHECK(learned["model"]["merges"][1] == "aa aa");
  auto tokenizer = parse_hf_json(learned.dump(), "t");
  CHECK(tokenizer->encode("aaaaaaa").size() == 1);
}

TEST_CASE("train: sizes and special tokens that cannot be") {
  CHECK_THROWS_WITH_AS(train_bpe("a", {.vocab_size = 256, .special = {"<x>"}}),
                       "train-tokenizer: a vocabulary of 256, expected 257 to 1048576", pg::Error);
  CHECK_THROWS_WITH_AS(train_bpe("a", {.special = {"<x>", "<x>"}}),
                       doctest::Contains("\"<x>\" is empty or there twice"), pg::Error);
}

TEST_CASE("train: the same merges as Hugging Face's trainer") {
  // tests/tokenizers/SOURCE.txt says how trained.json was made.
  const std::filesystem::path folder =
      std::filesystem::path(PICOGRAD_SOURCE_DIR) / "tests/tokenizers";
  const std::string text = read_file(folder / "trained.txt", 1 << 20);
  const json expected = json::parse(read_file(folder / "trained.json", 1 << 20));
  const std::string written = train_bpe(text, {.vocab_size = 700, .special = {"<|endoftext|>"}});
  const json learned = json::parse(written);
  CHECK(learned["model"]["vocab"] == expected["vocab"]);
  CHECK(learned["model"]["merges"] == expected["merges"]);
  CHECK(train_bpe(text, {.vocab_size = 700, .special = {"<|endoftext|>"}}) == written);
  auto tokenizer = parse_hf_json(written, "trained");
  CHECK(tokenizer->decode_all(tokenizer->encode(text)) == text);
}
