// Token ids, and the texts they decode to, against those of other implementations:
// tests/tokenizers/SOURCE.txt says how they were made.
#include <doctest/doctest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "examples/llama/base/files.h"
#include "examples/llama/tokenizer/tokenizer.h"

using namespace llama;

namespace {

const std::filesystem::path folder =
    std::filesystem::path(PICOGRAD_SOURCE_DIR) / "tests/tokenizers";

void check_goldens(const std::string& file, const std::string& goldens) {
  CAPTURE(file);
  auto tokenizer = load_tokenizer(folder / file, 0);
  const auto expected = nlohmann::json::parse(read_file(folder / (goldens + ".ids.json"), 1 << 20));
  CHECK(tokenizer->vocab_size() == expected["vocab_size"].get<std::int64_t>());
  REQUIRE(expected["cases"].size() >= 20);
  for (const auto& golden : expected["cases"]) {
    const auto text = golden["text"].get<std::string>();
    CAPTURE(text);
    const std::vector<std::int32_t> ids = tokenizer->encode(text);
    CHECK(ids == golden["ids"].get<std::vector<std::int32_t>>());
    // After the token that begins texts ours drops the space that encoding added; others print the
    // token and keep the space.
    if (std::ranges::find(ids, tokenizer->bos()) != ids.end()) continue;
    CHECK(tokenizer->decode_all(ids) == golden["decoded"].get<std::string>());
  }
}

}  // namespace

TEST_CASE("ids: tokenizer.json, byte-level") { check_goldens("byte_level.json", "byte_level"); }
TEST_CASE("ids: tokenizer.json, whole words first") {
  check_goldens("whole_words.json", "whole_words");
}
TEST_CASE("ids: tokenizer.json, byte fallback") {
  check_goldens("byte_fallback.json", "byte_fallback");
}
TEST_CASE("ids: tokenizer.json, metaspace") { check_goldens("metaspace.json", "metaspace"); }
TEST_CASE("ids: vocab.json and merges.txt") {
  check_goldens("gpt2/vocab.json", "byte_level");
  check_goldens("gpt2/merges.txt", "byte_level");
  check_goldens("gpt2", "byte_level");
}
TEST_CASE("ids: tiktoken ranks") { check_goldens("tiktoken.model", "tiktoken"); }
TEST_CASE("ids: SentencePiece, byte-pair model") {
  check_goldens("sentencepiece_bpe.model", "sentencepiece_bpe");
}
TEST_CASE("ids: SentencePiece, unigram model") {
  check_goldens("sentencepiece_unigram.model", "sentencepiece_unigram");
}
