// From files to tokens: documents, shards that are made once and found again, bad lines.
#include "examples/llama/data/dataset.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "examples/llama/base/files.h"
#include "examples/llama/base/test_support.h"

using namespace llama;

namespace {

std::vector<std::int32_t> ids_of(const Tokens& tokens) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(tokens.size()));
  tokens.read(0, ids);
  return ids;
}

std::size_t count_files(const std::filesystem::path& folder) {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

// Bytes, with ends that bytes do not have.
class EndedBytes final : public Tokenizer {
 public:
  std::int64_t vocab_size() const override { return 258; }
  std::vector<std::int32_t> encode(std::string_view text) const override {
    return make_byte_tokenizer()->encode(text);
  }
  std::string decode(std::int32_t, std::int32_t) const override { return ""; }
  std::int32_t bos() const override { return 256; }
  std::int32_t eos() const override { return 257; }
  std::string contents() const override { return "ended bytes"; }
};

}  // namespace

TEST_CASE("texts: plain files are one text, lines of .jsonl are documents") {
  const TestFolder test_folder("dataset_texts");
  const std::filesystem::path& folder = test_folder.path;
  write_file(folder / "a.txt", "ab");
  write_file(folder / "b.txt", "c");
  write_file(folder / "c.jsonl", "{\"text\": \"d\", \"other\": 1}\r\n\n{\"text\": \"e\"}");
  auto texts = read_texts({{folder / "a.txt", folder / "b.txt", folder / "c.jsonl"}});
  REQUIRE(texts.size() == 3);
  CHECK(join_texts(texts) == "abcde");
  CHECK(encode_texts(texts, EndedBytes()) ==
        std::vector<std::int32_t>{'a', 'b', 'c', 256, 'd', 257, 256, 'e', 257});
}

TEST_CASE("texts: bad lines are named") {
  auto error = [](const std::string& line) {
    return message_of([&] { parse_jsonl("{\"text\": \"a\"}\n" + line, "text", "x.jsonl"); });
  };
  CHECK(error("{\"text\": \"\"}") == "no error");
  CHECK(error("{\"text\": \"torn") == "x.jsonl: line 2: not a JSON object");
  CHECK(error("[1]") == "x.jsonl: line 2: not a JSON object");
  CHECK(error("{\"text\": \"\xff\"}") == "x.jsonl: line 2: not a JSON object");
  CHECK(error("\n{\"body\": \"a\"}") == "x.jsonl: line 3: `text` is missing");
  CHECK(error("{\"text\": 3}") == "x.jsonl: line 2: `text` must be a string, not 3");
  CHECK(message_of([] { parse_jsonl("\n\n", "text", "x.jsonl"); }) == "x.jsonl: no documents");
}

TEST_CASE("shards: made once, found again, made anew for another text, tokenizer or damage") {
  const TestFolder test_folder("dataset_shards");
  const std::filesystem::path& folder = test_folder.path;
  auto bytes = make_byte_tokenizer();
  const std::vector<Text> texts = {{"hello shards", false}};
  const std::vector<std::int32_t> ids = bytes->encode("hello shards");
  CHECK(ids_of(prepare_tokens(texts, *bytes, folder, 5)) == ids);
  REQUIRE(count_files(folder) == 3);

  const std::filesystem::path first = expand_folders({folder})[0];
  const auto written = std::filesystem::last_write_time(first);
  CHECK(ids_of(prepare_tokens(texts, *bytes, folder, 5)) == ids);
  CHECK(std::filesystem::last_write_time(first) == written);

  prepare_tokens({{"hello shard", false}}, *bytes, folder, 5);
  CHECK(count_files(folder) == 6);
  prepare_tokens({{"hello shards", true}}, *bytes, folder, 5);
  CHECK(count_files(folder) == 9);
  prepare_tokens(texts, EndedBytes(), folder, 5);
  CHECK(count_files(folder) == 12);

  for (const bool truncate : {false, true}) {
    if (truncate) {
      std::filesystem::resize_file(first, 20);
    } else {
      std::fstream(first, std::ios::in | std::ios::out | std::ios::binary).seekp(130).put('X');
    }
    CHECK(ids_of(prepare_tokens(texts, *bytes, folder, 5)) == ids);
    CHECK(count_files(folder) == 12);
  }
}

TEST_CASE("token files: sets are complete, kinds are not mixed, folders stand for their files") {
  const TestFolder test_folder("dataset_files");
  const std::filesystem::path& folder = test_folder.path;
  auto bytes = make_byte_tokenizer();
  prepare_tokens({{"hello shards", false}}, *bytes, folder, 5);
  const auto paths = expand_folders({folder});
  REQUIRE(paths.size() == 3);
  CHECK(ids_of(load_tokens({{folder}}, *bytes)) == bytes->encode("hello shards"));
  CHECK(message_of([&] { open_token_files({paths[0], paths[1]}, 256); }) ==
        paths[1].string() + ": is shard 1 of 3; the others must be named in order");
  CHECK(message_of([&] { open_token_files({paths[1], paths[2]}, 256); }).find("is shard 1 of 3") !=
        std::string::npos);
  write_file(folder / "a.txt", "abc");
  CHECK(message_of([&] { load_tokens({{paths[0], folder / "a.txt"}}, *bytes); }) ==
        fmt::format("data: {} holds token ids and {} text; use one kind at a time",
                    paths[0].string(), (folder / "a.txt").string()));
  CHECK(ids_of(load_tokens({{folder / "a.txt"}}, *bytes)) == bytes->encode("abc"));
  const TestFolder empty("dataset_empty");
  CHECK(message_of([&] { expand_folders({empty.path}); }) ==
        empty.path.string() + ": no files of token ids (.tokens, .bin) in the folder");
}
