// Files of token ids: the four kinds, and every way they can lie or change.
#include "examples/llama/data/token_file.h"

#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include "examples/llama/base/files.h"
#include "examples/llama/base/test_support.h"
#include "examples/llama/data/tokens.h"
#include "runtime/device/error.h"

using namespace llama;

namespace {

// A file of this process's own.
std::filesystem::path place(const std::string& name) {
  static const TestFolder folder("token_files");
  return folder.path / name;
}

std::filesystem::path temporary(const std::string& name, std::string_view bytes) {
  write_file(place(name), bytes);
  return place(name);
}

template <class Word>
std::string as_text(const std::vector<Word>& words) {
  return {reinterpret_cast<const char*>(words.data()), words.size() * sizeof(Word)};
}

std::vector<std::int32_t> ids_of(const TokenFile& file) {
  std::vector<std::int32_t> ids(static_cast<std::size_t>(file.size()));
  file.read(0, ids);
  return ids;
}

// The error without the folder.
std::string short_error(auto&& action) {
  const std::string text = message_of(action);
  return text.starts_with("/") ? text.substr(place("").string().size()) : text;
}

std::string open_error(const std::filesystem::path& path, std::int64_t vocab_size) {
  return short_error([&] { TokenFile(path, vocab_size); });
}

std::string llmc_file(std::int32_t magic, std::int32_t version, std::int32_t tokens,
                      std::string_view payload) {
  std::vector<std::int32_t> header(256);
  header[0] = magic, header[1] = version, header[2] = tokens;
  return as_text(header) + std::string(payload);
}

}  // namespace

TEST_CASE("token files: shards of both widths") {
  const std::vector<std::int32_t> ids = {0, 1, 255, 49999};
  for (std::int64_t vocab_size : {50000, 65536, 65537, 1 << 20}) {
    write_shard(place("a.tokens"), {{7, 9}, vocab_size, 2, 5}, ids);
    TokenFile file(place("a.tokens"), vocab_size);
    CHECK(std::filesystem::file_size(place("a.tokens")) == (vocab_size > 65536 ? 144 : 136));
    CHECK(ids_of(file) == ids);
    CHECK(file.info().key == DataKey{7, 9});
    CHECK(file.info().number == 2);
    CHECK(file.info().shards == 5);
  }
}

TEST_CASE("token files: llm.c and nanoGPT") {
  const std::string narrow = as_text(std::vector<std::uint16_t>{5, 50256, 65535});
  const std::string wide = as_text(std::vector<std::uint32_t>{5, 128000});
  CHECK(ids_of(TokenFile(temporary("n.bin", narrow), 65536)) ==
        std::vector<std::int32_t>{5, 50256, 65535});
  CHECK(ids_of(TokenFile(temporary("g.bin", llmc_file(20240520, 1, 3, narrow)), 65536)) ==
        std::vector<std::int32_t>{5, 50256, 65535});
  CHECK(ids_of(TokenFile(temporary("l.bin", llmc_file(20240801, 7, 2, wide)), 128256)) ==
        std::vector<std::int32_t>{5, 128000});

  CHECK(open_error(temporary("n.bin", narrow), 50257) ==
        "n.bin: token 2 has id 65535, the vocabulary 50257 ids");
  CHECK(open_error(temporary("n.bin", narrow + "x"), 65536) ==
        "n.bin: 7 bytes of tokens, not a multiple of 2");
  CHECK(open_error(temporary("n.bin", ""), 65536) == "n.bin: the file is empty");
  CHECK(open_error(temporary("g.bin", llmc_file(20240520, 1, 4, narrow)), 65536) ==
        "g.bin: the header promises 4 tokens, the file holds 3");
  CHECK(open_error(temporary("g.bin", llmc_file(20240520, 1, -1, narrow)), 65536) ==
        "g.bin: the header promises -1 tokens, the file holds 3");
  CHECK(open_error(temporary("g.bin", llmc_file(20240520, 2, 3, narrow)), 65536) ==
        "g.bin: llm.c's header has version 2, expected 1");
  CHECK(open_error(temporary("g.bin", llmc_file(20240520, 1, 0, "")), 65536) ==
        "g.bin: holds no tokens");
  CHECK(open_error(temporary("l.bin", llmc_file(20240801, 7, 2, wide).substr(0, 900)), 10) ==
        "l.bin: 900 bytes, too short for llm.c's header of 1024");
  const std::string negative = as_text(std::vector<std::uint32_t>{5, 0xffffffffU});
  CHECK(open_error(temporary("l.bin", llmc_file(20240801, 7, 2, negative)), 128256) ==
        "l.bin: token 1 has id 4294967295, the vocabulary 128256 ids");
}

TEST_CASE("token files: the hash in a shard is XXH3-64 of its tokens") {
  write_shard(place("h.tokens"), {{1, 2}, 300, 0, 1}, std::vector<std::int32_t>{1, 2, 3, 299});
  const std::string bytes = read_file(place("h.tokens"), 1 << 20);
  std::uint64_t hash = 0;
  std::memcpy(&hash, bytes.data() + 56, sizeof hash);
  CHECK(hash == 0x4edd9ada519512e0);
}

TEST_CASE("token files: damaged shards are refused") {
  write_shard(place("s.tokens"), {{1, 2}, 300, 0, 1}, std::vector<std::int32_t>{1, 2, 3, 299});
  const std::string good = read_file(place("s.tokens"), 1 << 20);
  auto with_byte = [&](std::size_t at, char value) {
    std::string bytes = good;
    bytes[at] = value;
    return temporary("s.tokens", bytes);
  };
  CHECK(open_error(temporary("s.tokens", good), 300) == "no error");
  CHECK(open_error(with_byte(0, 'Q'), 300) ==
        "s.tokens: does not begin with PGTOKENS as a shard does");
  CHECK(open_error(with_byte(8, 2), 300) == "s.tokens: version 2, this program reads 1");
  CHECK(open_error(temporary("s.tokens", good.substr(0, 100)), 300) ==
        "s.tokens: 100 bytes, too short for a header of 128");
  CHECK(open_error(temporary("s.tokens", good.substr(0, 134)), 300) ==
        "s.tokens: the header promises 4 tokens, the file holds 3");
  CHECK(open_error(temporary("s.tokens", good), 301) ==
        "s.tokens: made with a vocabulary of 300, used with one of 301");
  for (std::size_t at = 12; at < 72; ++at) {  // every byte of the header that says something
    CAPTURE(at);
    CHECK(open_error(with_byte(at, static_cast<char>(good[at] ^ 0x20)), 300) ==
          "s.tokens: the header is damaged (its checksum differs)");
  }
  CHECK(open_error(with_byte(128, 2), 300) ==
        "s.tokens: the tokens are damaged (their checksum differs)");
  CHECK(open_error(with_byte(129, 2), 300) ==
        "s.tokens: token 0 has id 513, the vocabulary 300 ids");
}

TEST_CASE("token files: one that changes while it is in use is an error, not a crash") {
  const std::vector<std::uint16_t> ids(1 << 16, 7);
  for (const char* change : {"shrinks", "grows", "is rewritten"}) {
    CAPTURE(change);
    TokenFile file(temporary("c.bin", as_text(ids)), 100);
    std::vector<std::int32_t> last(10);
    file.read(file.size() - 10, last);
    if (change == std::string("shrinks")) {
      std::filesystem::resize_file(place("c.bin"), 10);
    } else if (change == std::string("grows")) {
      std::filesystem::resize_file(place("c.bin"), ids.size() * 2 + 2);
    } else {
      std::filesystem::last_write_time(place("c.bin"), std::filesystem::file_time_type::min());
    }
    CHECK(message_of([&] { file.read(file.size() - 10, last); }).find("c.bin: the file ") !=
          std::string::npos);
  }
}

TEST_CASE("tokens: files one after the other read as one sequence") {
  std::vector<TokenFile> files;
  for (int i = 0; i < 3; ++i) {
    const auto first = static_cast<std::uint16_t>(i * 3);
    const std::vector<std::uint16_t> ids = {first, static_cast<std::uint16_t>(first + 1),
                                            static_cast<std::uint16_t>(first + 2)};
    files.emplace_back(temporary(std::to_string(i) + ".bin", as_text(ids)), 100);
  }
  Tokens tokens(std::move(files));
  REQUIRE(tokens.size() == 9);
  for (std::int64_t first = 0; first < 9; ++first) {
    std::vector<std::int32_t> out(static_cast<std::size_t>(9 - first)), expected(out.size());
    std::iota(expected.begin(), expected.end(), static_cast<std::int32_t>(first));
    tokens.read(first, out);
    CHECK(out == expected);
  }
  std::vector<std::int32_t> two(2);
  tokens.slice(2, 8).slice(3, 6).read(1, two);
  CHECK(two == std::vector<std::int32_t>{6, 7});
  CHECK_THROWS_AS(tokens.slice(3, 10), pg::Error);
}
