// See token_file.h.
#include "examples/llama/data/token_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>
#include <vector>

#include "runtime/device/error.h"
#include "runtime/nn/file.h"
#include "runtime/nn/hash.h"

namespace llama {

namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::array<char, 8> shard_magic = {'P', 'G', 'T', 'O', 'K', 'E', 'N', 'S'};
constexpr std::uint32_t shard_version = 1;
constexpr std::size_t shard_header_bytes = 128;
constexpr std::uint32_t max_shards = 1 << 20;

// The header of a shard as it lies in the file.
struct ShardHeader {
  std::array<char, 8> magic = shard_magic;
  std::uint32_t version = shard_version;
  std::uint32_t bytes_per_token = 0;
  std::uint64_t vocab_size = 0;
  std::uint64_t tokens = 0;
  std::uint32_t number = 0;
  std::uint32_t shards = 0;
  DataKey key{};
  std::uint64_t token_hash = 0;
  std::uint64_t header_hash = 0;  // of all above
  std::array<std::uint64_t, 7> zeros{};
};
static_assert(sizeof(ShardHeader) == shard_header_bytes);
constexpr std::size_t hashed_header_bytes = 64;
static_assert(offsetof(ShardHeader, header_hash) == hashed_header_bytes);

// llm.c's header: 256 int32 of which three are used.
constexpr std::size_t llmc_header_bytes = 1024;
struct LlmcKind {
  std::int32_t magic, version;
  std::size_t bytes_per_token;
};
constexpr std::array llmc_kinds = {LlmcKind{20240520, 1, 2}, LlmcKind{20240801, 7, 4}};

// The position of the first id that is not below `vocab_size`, or `ids.size()`. The sweep that
// finds nothing, which is nearly always, is a maximum over unsigned words and vectorises.
template <class Word>
std::size_t find_bad_id(std::span<const Word> ids, std::int64_t vocab_size) {
  Word largest = 0;
  for (Word id : ids) largest = std::max(largest, id);
  if (std::int64_t{largest} < vocab_size) return ids.size();
  auto bad = std::ranges::find_if(ids, [&](Word id) { return std::int64_t{id} >= vocab_size; });
  return static_cast<std::size_t>(bad - ids.begin());
}

template <class Word>
void check_ids(const std::string& path, std::int64_t first, std::span<const Word> ids,
               std::int64_t vocab_size) {
  const std::size_t at = find_bad_id(ids, vocab_size);
  if (at == ids.size()) return;
  throw pg::Error(fmt::format("{}: token {} has id {}, the vocabulary {} ids", path,
                              first + static_cast<std::int64_t>(at), ids[at], vocab_size));
}

std::uint64_t checksum_of(std::span<const std::byte> bytes) {
  pg::nn::Hasher hasher;
  hasher.add(bytes);
  return hasher.short_digest();
}

std::uint64_t header_checksum(const ShardHeader& header) {
  return checksum_of(std::as_bytes(std::span(&header, 1)).first(hashed_header_bytes));
}

}  // namespace

TokenFile::TokenFile(const std::filesystem::path& path, std::int64_t vocab_size)
    : file_("data", path.string()), vocab_size_(vocab_size) {
  if (file_.size() == 0) throw pg::Error(path.string() + ": the file is empty");
  read_header();
  bytes_per_token_ == 2 ? verify_tokens<std::uint16_t>() : verify_tokens<std::uint32_t>();
}

void TokenFile::read_header() {
  std::array<std::byte, 8> start{};
  file_.read(0, std::span(start).first(std::min<std::size_t>(start.size(), file_.size())));
  std::int32_t magic = 0;
  std::memcpy(&magic, start.data(), sizeof magic);
  if (std::memcmp(start.data(), shard_magic.data(), shard_magic.size()) == 0) {
    read_shard_header();
  } else if (std::ranges::find(llmc_kinds, magic, &LlmcKind::magic) != llmc_kinds.end()) {
    read_llmc_header();
  } else if (path().ends_with(".tokens")) {
    throw pg::Error(path() + ": does not begin with PGTOKENS as a shard does");
  }
  // From here on begin_ and bytes_per_token_ are right; the length is checked against the file.
  const std::size_t bytes = file_.size() - begin_;
  if (bytes % bytes_per_token_ != 0) {
    throw pg::Error(fmt::format("{}: {} bytes of tokens, not a multiple of {}", path(), bytes,
                                bytes_per_token_));
  }
  const auto held = static_cast<std::int64_t>(bytes / bytes_per_token_);
  if (begin_ != 0 && held != size_) {
    throw pg::Error(
        fmt::format("{}: the header promises {} tokens, the file holds {}", path(), size_, held));
  }
  size_ = held;
  if (size_ == 0) throw pg::Error(path() + ": holds no tokens");
}

void TokenFile::read_shard_header() {
  auto refuse = [&](const std::string& why) { throw pg::Error(path() + ": " + why); };
  ShardHeader header;
  if (file_.size() < sizeof header) {
    refuse(fmt::format("{} bytes, too short for a header of {}", file_.size(), sizeof header));
  }
  file_.read(0, std::as_writable_bytes(std::span(&header, 1)));
  if (header.version != shard_version) {
    refuse(fmt::format("version {}, this program reads {}", header.version, shard_version));
  }
  if (header.header_hash != header_checksum(header)) {
    refuse("the header is damaged (its checksum differs)");
  }
  if (header.bytes_per_token != 2 && header.bytes_per_token != 4) {
    refuse(fmt::format("{} bytes a token, expected 2 or 4", header.bytes_per_token));
  }
  if (header.vocab_size != static_cast<std::uint64_t>(vocab_size_)) {
    refuse(fmt::format("made with a vocabulary of {}, used with one of {}", header.vocab_size,
                       vocab_size_));
  }
  if (header.shards == 0 || header.shards > max_shards || header.number >= header.shards) {
    refuse(fmt::format("shard {} of {}", header.number, header.shards));
  }
  if (header.tokens > file_.size()) {
    refuse(fmt::format("the header promises {} tokens in {} bytes", header.tokens, file_.size()));
  }
  begin_ = sizeof header;
  bytes_per_token_ = header.bytes_per_token;
  size_ = static_cast<std::int64_t>(header.tokens);
  info_ = {header.key, vocab_size_, header.number, header.shards};
  checksum_ = header.token_hash;
}

void TokenFile::read_llmc_header() {
  if (file_.size() < llmc_header_bytes) {
    throw pg::Error(fmt::format("{}: {} bytes, too short for llm.c's header of {}", path(),
                                file_.size(), llmc_header_bytes));
  }
  std::array<std::int32_t, 3> fields{};  // magic, version, tokens
  file_.read(0, std::as_writable_bytes(std::span(fields)));
  const LlmcKind& kind = *std::ranges::find(llmc_kinds, fields[0], &LlmcKind::magic);
  if (fields[1] != kind.version) {
    throw pg::Error(fmt::format("{}: llm.c's header has version {}, expected {}", path(), fields[1],
                                kind.version));
  }
  begin_ = llmc_header_bytes;
  bytes_per_token_ = kind.bytes_per_token;
  size_ = fields[2];
}

std::uint64_t TokenFile::place_of(std::int64_t token) const {
  return begin_ + static_cast<std::uint64_t>(token) * bytes_per_token_;
}

// Tokens as they lie in the file, each below the vocabulary's size.
template <class Word>
void TokenFile::read_words(std::int64_t first, std::span<Word> into) const {
  file_.read(place_of(first), std::as_writable_bytes(into));
  check_ids(path(), first, std::span<const Word>(into), vocab_size_);
}

template <class Word>
void TokenFile::verify_tokens() const {
  pg::nn::Hasher hasher;
  std::vector<Word> ids(static_cast<std::size_t>(std::min<std::int64_t>(size_, 1 << 16)));
  for (std::int64_t first = 0; first < size_; first += std::ssize(ids)) {
    ids.resize(std::min(ids.size(), static_cast<std::size_t>(size_ - first)));
    read_words(first, std::span(ids));
    hasher.add(std::as_bytes(std::span(ids)));
  }
  if (begin_ == shard_header_bytes && hasher.short_digest() != checksum_) {
    throw pg::Error(path() + ": the tokens are damaged (their checksum differs)");
  }
}

void TokenFile::read(std::int64_t first, std::span<std::int32_t> out) const {
  if (bytes_per_token_ == 4) {
    return read_words(first, std::span(reinterpret_cast<std::uint32_t*>(out.data()), out.size()));
  }
  std::vector<std::uint16_t> ids(out.size());
  read_words(first, std::span(ids));
  std::ranges::copy(ids, out.begin());
}

bool is_token_file(const std::filesystem::path& path) {
  return path.extension() == ".bin" || path.extension() == ".tokens";
}

void write_shard(const std::filesystem::path& path, const ShardInfo& info,
                 std::span<const std::int32_t> tokens) {
  const bool fits_two_bytes = info.vocab_size <= 1 << 16;
  std::vector<std::uint16_t> narrow;
  std::span<const std::byte> payload = std::as_bytes(tokens);
  if (fits_two_bytes) {
    narrow.assign(tokens.begin(), tokens.end());
    payload = std::as_bytes(std::span<const std::uint16_t>(narrow));
  }
  ShardHeader header;
  header.bytes_per_token = fits_two_bytes ? 2 : 4;
  header.vocab_size = static_cast<std::uint64_t>(info.vocab_size);
  header.tokens = tokens.size();
  header.number = info.number;
  header.shards = info.shards;
  header.key = info.key;
  header.token_hash = checksum_of(payload);
  header.header_hash = header_checksum(header);
  pg::nn::OutputFile out("prepare", path.string());
  out.write(std::as_bytes(std::span(&header, 1)));
  out.write(payload);
  out.commit();
}

}  // namespace llama
