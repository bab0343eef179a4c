// Tokenizer files that lie: each is refused with one error that names the file and the field.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "examples/llama/base/files.h"
#include "examples/llama/base/test_support.h"
#include "examples/llama/tokenizer/regex.h"
#include "examples/llama/tokenizer/tokenizer.h"

using namespace llama;
using nlohmann::json;

namespace {

const std::filesystem::path folder =
    std::filesystem::path(PICOGRAD_SOURCE_DIR) / "tests/tokenizers";

std::string bytes_of(const std::string& name) { return read_file(folder / name, 1 << 20); }

// The error of tokenizer.json with the value at `path` replaced (null: removed).
std::string json_error(const std::string& name, const std::string& path, const json& value) {
  json document = json::parse(bytes_of(name));
  document[json::json_pointer(path)] = value;
  return message_of([&] { parse_hf_json(document.dump(), "t.json"); });
}

std::string encode_error(const json& document, const std::string& text) {
  return message_of([&] { parse_hf_json(document.dump(), "t.json")->encode(text); });
}

}  // namespace

TEST_CASE("tokenizer.json: fields of another kind") {
  const char* good = "byte_level.json";
  CHECK(json_error(good, "/version", "1.0") == "no error");
  CHECK(message_of([] { parse_hf_json("{\"model\"", "t.json"); }) == "t.json: not a JSON object");
  CHECK(json_error(good, "/model", 3) == "t.json: `model` must be an object, not 3");
  CHECK(json_error(good, "/model/vocab", nullptr) == "t.json: `model.vocab` is missing");
  CHECK(json_error(good, "/model/vocab/!", -1) ==
        "t.json: `model.vocab[\"!\"]` must be an integer from 0 to 1048575, not -1");
  CHECK(json_error(good, "/model/vocab/!", 1.5).find("not 1.5") != std::string::npos);
  CHECK(json_error(good, "/model/vocab/!", 1 << 20).find("to 1048575") != std::string::npos);
  CHECK(json_error(good, "/model/vocab/!", 2) ==
        "t.json: `model.vocab[\"\"\"]` has id 2, which \"!\" has too");
  CHECK(json_error(good, "/model/vocab/!", 600) ==
        "t.json: `model.vocab` has 601 ids, but none is 1");
  CHECK(json_error(good, "/model/ignore_merges", "yes") ==
        "t.json: `model.ignore_merges` must be true or false, not \"yes\"");
  CHECK(json_error(good, "/added_tokens/0/content", "!") ==
        "t.json: `added_tokens[0].content` has id 0, which \"<|endoftext|>\" has too");
  CHECK(json_error(good, "/added_tokens/0/lstrip", true) ==
        "t.json: `added_tokens[0].lstrip` is not supported");
  CHECK(json_error(good, "/added_tokens/1", json::parse(bytes_of(good))["added_tokens"][0]) ==
        "t.json: `added_tokens[1].content` \"<|endoftext|>\" has id 0 already");
  // A value that an error would print: nested without end it would exhaust the stack.
  const std::string deep(1'000'000, '[');
  CHECK(message_of([&] { parse_hf_json("{\"model\":" + deep, "t.json"); }) ==
        "t.json: more than 64 levels of JSON");
  CHECK(message_of([] { parse_hf_json("{\"model\":1,\"model\":2}", "t.json"); }) ==
        "t.json: key \"model\" twice");
}

TEST_CASE("tokenizer.json: merges") {
  const char* good = "byte_level.json";
  CHECK(json_error(good, "/model/merges/0", "ab") ==
        "t.json: `model.merges[0]` is not two tokens with a space between");
  CHECK(json_error(good, "/model/merges/7", "e \xe6\x97\xa5") ==
        "t.json: `model.merges[7]` needs \"\xe6\x97\xa5\", which is not in the vocabulary");
  CHECK(json_error(good, "/model/merges/7", {"z", "q"}) ==
        "t.json: `model.merges[7]` needs \"zq\", which is not in the vocabulary");
  CHECK(json_error(good, "/model/merges/7", {"z"}) ==
        "t.json: `model.merges[7]` must be two tokens");
  CHECK(json_error(good, "/model/merges/7", json::parse(bytes_of(good))["model"]["merges"][3]) ==
        "t.json: `model.merges[7]` is there twice");
  CHECK(json_error(good, "/model/merges", json(std::vector<int>((1 << 21) + 1))) ==
        "t.json: `model.merges` has 2097153 merges, more than 2097152");
}

TEST_CASE("tokenizer.json: what is not supported is named") {
  const char* good = "whole_words.json";
  CHECK(json_error(good, "/model/type", "Unigram") ==
        "t.json: `model.type` \"Unigram\" is not supported");
  CHECK(json_error(good, "/normalizer", {{"type", "NFKC"}}) ==
        "t.json: `normalizer.type` \"NFKC\" is not supported");
  CHECK(json_error(good, "/pre_tokenizer/pretokenizers/0", {{"type", "BertPreTokenizer"}}) ==
        "t.json: `pre_tokenizer.pretokenizers[0].type` \"BertPreTokenizer\" is not supported");
  CHECK(json_error(good, "/pre_tokenizer/pretokenizers/0/behavior", "MergedWithNext") ==
        "t.json: `pre_tokenizer.pretokenizers[0].behavior` \"MergedWithNext\" is not supported");
  CHECK(json_error(good, "/decoder", {{"type", "WordPiece"}}) ==
        "t.json: `decoder.type` \"WordPiece\" is not supported");
  CHECK(json_error(good, "/post_processor", {{"type", "BertProcessing"}}) ==
        "t.json: `post_processor.type` \"BertProcessing\" is not supported");
  CHECK(json_error(good, "/truncation", {{"max_length", 5}}) ==
        "t.json: `truncation` is not supported");
  CHECK(json_error(good, "/model/dropout", 0.1) == "t.json: `model.dropout` is not supported");
  json nested = {{"type", "NFC"}};
  for (int i = 0; i < 9; ++i) nested = {{"type", "Sequence"}, {"normalizers", {nested}}};
  CHECK(json_error(good, "/normalizer", nested).find("is nested too deep") != std::string::npos);
}

TEST_CASE("patterns: wrong, too large and catastrophic ones") {
  const std::string place = "/pre_tokenizer/pretokenizers/0/pattern/Regex";
  CHECK(json_error("whole_words.json", place, "a(b") ==
        "t.json: `pre_tokenizer.pretokenizers[0].pattern.Regex`: the pattern is wrong at byte 3: "
        "missing closing parenthesis");
  CHECK(json_error("whole_words.json", place, std::string(5000, 'a')).find("5000 bytes") !=
        std::string::npos);
  CHECK(json_error("whole_words.json", place, "(((a{1,999}){1,999}){1,999})")
            .find("the pattern is wrong") != std::string::npos);
  json document = json::parse(bytes_of("whole_words.json"));
  document[json::json_pointer(place)] = "(a+)+$";
  CHECK(encode_error(document, std::string(100, 'a')) == "no error");
  CHECK(encode_error(document, std::string(100, 'a') + "b") ==
        "t.json: `pre_tokenizer.pretokenizers[0].pattern.Regex`: the pattern fails on the text at "
        "byte 0: match limit exceeded");
  // Calls of a part of the pattern: 13 ways to go on at each of many depths.
  for (const std::string call : {"(?P>x)", "(?&x)", "(?-1)", "(?1)", "\\g<x>"}) {
    document[json::json_pointer(place)] = "(?<x>||||||||||||" + call + ")";
    const std::string error = encode_error(document, "a");
    CHECK_MESSAGE(error.ends_with("nested recursion at the same subject position"), call, error);
  }
  for (const std::string call : {"(?0)", "(?R)"}) {  // no way on leads to a match
    document[json::json_pointer(place)] = "||||||||||||" + call;
    CHECK(encode_error(document, "a") == "no error");
  }
  document[json::json_pointer(place)] = "a*?";  // matches nothing at all, which is no match
  CHECK(encode_error(document, "aab") == "no error");
}

TEST_CASE("patterns: parts of text that is not UTF-8") {
  std::vector<std::pair<std::string, bool>> parts;
  Regex("[a-z]+", "t")
      .split(
          "ab\xff\xff"
          "cd 1",
          [&](std::string_view part, bool matched) { parts.emplace_back(part, matched); });
  CHECK(parts == std::vector<std::pair<std::string, bool>>{
                     {"ab", true}, {"\xff", false}, {"\xff", false}, {"cd", true}, {" 1", false}});
  auto tokenizer = parse_hf_json(bytes_of("byte_level.json"), "t.json");
  std::string text("x\xff\xfe\xc3 caf\xc3\xa9\0 \xed\xa0\x80", 15);
  CHECK(tokenizer->decode_all(tokenizer->encode(text)) == text);
}

TEST_CASE("GPT-2: lines and ids") {
  const std::string vocab = R"({"a": 0, "b": 1, "ab": 2})";
  auto error = [&](const std::string& vocab_bytes, const std::string& merges) {
    return message_of([&] { parse_gpt2(vocab_bytes, "vocab.json", merges, "merges.txt"); });
  };
  CHECK(error(vocab, "#version: 0.2\na b\n") == "no error");
  CHECK(error(vocab, "a b\r\n\r\n") == "no error");
  CHECK(error(vocab, "\nab\n") == "merges.txt: line 2 is not two tokens with a space between");
  CHECK(error(vocab, "a b\nb a") == "merges.txt: line 2 needs \"ba\", which is not in vocab.json");
  CHECK(error(vocab, "a b\na b\n") == "merges.txt: `model.merges[1]` is there twice");
  CHECK(error(R"({"a": 0, "b": 0})", "") == "vocab.json: `[\"b\"]` has the id of \"a\"");
  CHECK(error(R"({"a": 0, "b": 2})", "") ==
        "vocab.json: `[\"b\"]` must be an integer from 0 to 1, not 2");
  CHECK(error("[]", "") == "vocab.json: not a JSON object");
  CHECK(error("{}", "") == "vocab.json: no tokens");
}

TEST_CASE("tiktoken: lines, ranks and bytes") {
  const std::string good = bytes_of("tiktoken.model");
  auto error = [](const std::string& bytes) {
    return message_of([&] { parse_tiktoken(bytes, "t.model"); });
  };
  CHECK(error(good) == "no error");
  CHECK(error("IQ== 0\nIg== 1\n") == "t.model: byte 0x00 is not among the pieces");
  CHECK(error("IQ== 0\nIg== 2\n") == "t.model: line 2: rank 2 where 1 is next");
  CHECK(error("IQ== 0\nIQ== 1\n") == "t.model: rank 1 is the piece of rank 0");
  CHECK(error("IQ== 0x\n") == "t.model: line 1: the rank is not a number");
  CHECK(error("IQ==0\n") == "t.model: line 1: not a piece and a rank");
  for (const char* piece : {"IQ=", "", "====", "I=Q=", "I*==", "\xff\xff\xff\xff"}) {
    CHECK(error(piece + std::string(" 0\n")) ==
          "t.model: line 1: the piece is not base64 of 1 to 256 bytes");
  }
  CHECK(error(std::string(400, 'A') + " 0\n").find("base64 of 1 to 256") != std::string::npos);
}

TEST_CASE("SentencePiece: what the library must not see") {
  const std::string good = bytes_of("sentencepiece_bpe.model");
  auto error = [](const std::string& bytes) {
    return message_of([&] { parse_sentencepiece(bytes, "t.model"); });
  };
  auto piece = [](const std::string& content) {
    return std::string("\x0a") + static_cast<char>(content.size()) + content;
  };
  CHECK(error(good) == "no error");
  CHECK(error(good + piece("\x0a\x03zqj")) == "no error");
  CHECK(error(good.substr(0, good.size() - 1)).find("bytes where") != std::string::npos);
  CHECK(error("") == "t.model: not a SentencePiece model: no pieces");
  CHECK(error("\x07garbage").find("not a SentencePiece model: no field has number 0") !=
        std::string::npos);
  CHECK(error(good + piece("\x0a\x05<unk>")) == "t.model: piece 600: \"<unk>\" is there twice");
  CHECK(error(good + piece("")) == "t.model: piece 600: is empty");
  CHECK(error(good + piece(std::string("\x0a\x02\0a", 4))) == "t.model: piece 600: holds a NUL");
  CHECK(error(good + piece("\x0a\x02\xc3\x28")) == "t.model: piece 600: is not UTF-8");
  CHECK(error(good + piece(std::string("\x0a\x01\x7e\x15\0\0\xc0\x7f", 8))) ==
        "t.model: piece 600: its score is not finite");
  CHECK(error(good + piece("\x0a\x01\x7e\x18\x07")) ==
        "t.model: piece 600: its type is 7, expected 1 to 6");
  CHECK(error(good + "\x1a\x04\x12\x02zz") ==
        "t.model: `normalizer_spec.precompiled_charsmap` is not empty; only models that leave text "
        "as it is are read");
  CHECK(error(good + "\x2a\x04\x32\x02zz").find("`denormalizer_spec.normalization_rule_tsv`") !=
        std::string::npos);
  auto tokenizer = parse_sentencepiece(good, "t.model");
  CHECK(message_of([&] { tokenizer->decode(-1, 600); }) == "decode: token id 600 of 600");
  CHECK(message_of([&] { tokenizer->decode(-1, -1); }) == "decode: token id -1 of 600");
}
