// See bpe.h.
#include "examples/llama/tokenizer/bpe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>

#include "examples/llama/tokenizer/byte_level.h"
#include "examples/llama/tokenizer/utf8.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

// Words repeat: their ids are kept during one call, within limits.
constexpr std::size_t max_cached_words = std::size_t{1} << 17;
constexpr std::size_t max_cached_bytes = 64;
using WordCache = std::unordered_map<std::string, std::vector<std::int32_t>>;

class BpeTokenizer final : public Tokenizer {
 public:
  explicit BpeTokenizer(BpeParts parts) : parts_(std::move(parts)) {
    for (int byte = 0; byte < 256; ++byte) {
      auto found = parts_.ids.find(fmt::format("<0x{:02X}>", byte));
      byte_ids_[static_cast<std::size_t>(byte)] = found == parts_.ids.end() ? -1 : found->second;
    }
    for (const std::string& piece : parts_.pieces) spelled_.push_back(bytes_of(piece));
    for (std::int32_t id : parts_.added) {
      const std::string& content = piece(id);
      spelled_[static_cast<std::size_t>(id)] = content;
      added_by_first_byte_[static_cast<unsigned char>(content[0])].push_back(id);
    }
    for (auto& ids : added_by_first_byte_) {
      std::ranges::sort(ids, std::greater<>(), [&](auto id) { return piece(id).size(); });
    }
  }

  std::int64_t vocab_size() const override { return std::ssize(parts_.pieces); }
  std::int32_t bos() const override { return parts_.bos; }
  std::int32_t eos() const override { return parts_.eos; }
  std::string file_name() const override { return parts_.file_name; }
  std::string contents() const override { return parts_.contents; }

  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<std::int32_t> ids;
    WordCache cache;
    std::size_t done = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
      const std::int32_t id = added_at(text, at);
      if (id < 0) continue;
      encode_plain(text.substr(done, at - done), done == 0, cache, ids);
      ids.push_back(id);
      at += piece(id).size() - 1;
      done = at + 1;
    }
    encode_plain(text.substr(done), done == 0, cache, ids);
    return ids;
  }

  std::string decode(std::int32_t previous, std::int32_t id) const override {
    check_id(id);
    std::string_view text = spelled_[static_cast<std::size_t>(id)];
    const bool at_start = previous == -1 || previous == parts_.bos;
    if (parts_.strip_first_space && at_start && text.starts_with(' ')) text.remove_prefix(1);
    return std::string(text);
  }

 private:
  const std::string& piece(std::int32_t id) const {
    return parts_.pieces[static_cast<std::size_t>(id)];
  }

  std::string bytes_of(const std::string& piece) const {
    if (parts_.spelling == Spelling::ByteLevel) return characters_to_bytes(piece).value_or(piece);
    if (parts_.spelling == Spelling::Plain) return piece;
    const int byte = byte_of_piece(piece);
    return byte >= 0 ? std::string(1, static_cast<char>(byte))
                     : replace_all(piece, space_mark, " ");
  }

  // The longest added token that begins there, or -1.
  std::int32_t added_at(std::string_view text, std::size_t at) const {
    for (std::int32_t id : added_by_first_byte_[static_cast<unsigned char>(text[at])]) {
      if (text.substr(at).starts_with(piece(id))) return id;
    }
    return -1;
  }

  void encode_plain(std::string_view text, bool at_start, WordCache& cache,
                    std::vector<std::int32_t>& out) const {
    if (text.empty()) return;
    std::string normalized;
    for (const Normalizer& normalizer : parts_.normalizers) {
      text = normalized = normalizer(text);
    }
    pre_tokenize(parts_.steps, text, at_start, [&](std::string_view word) {
      if (word.size() > max_cached_bytes) {
        const std::vector<std::int32_t> ids = encode_word(word);
        out.insert(out.end(), ids.begin(), ids.end());
        return;
      }
      if (cache.size() >= max_cached_words) cache.clear();
      auto [entry, is_new] = cache.try_emplace(std::string(word));
      if (is_new) entry->second = encode_word(word);
      out.insert(out.end(), entry->second.begin(), entry->second.end());
    });
  }

  std::vector<std::int32_t> encode_word(std::string_view word) const {
    if (parts_.whole_words_first) {
      if (auto found = parts_.ids.find(word); found != parts_.ids.end()) {
        return {found->second};
      }
    }
    std::vector<std::int32_t> ids;
    bool after_unknown = false;
    for (std::size_t at = 0; at < word.size();) {
      const std::size_t length = std::max<std::size_t>(utf8_length(word, at), 1);
      const std::string_view character = word.substr(at, length);
      at += length;
      if (append_character(character, ids)) {
        after_unknown = false;
        continue;
      }
      if (parts_.unknown < 0) {
        throw pg::Error(fmt::format("encode: \"{}\" is not in the vocabulary of {}", character,
                                    parts_.file_name));
      }
      if (!after_unknown || !parts_.fuse_unknown) ids.push_back(parts_.unknown);
      after_unknown = true;
    }
    parts_.merges.apply(ids);
    return ids;
  }

  // False when neither the character nor its bytes are in the vocabulary.
  bool append_character(std::string_view character, std::vector<std::int32_t>& ids) const {
    if (auto found = parts_.ids.find(character); found != parts_.ids.end()) {
      ids.push_back(found->second);
      return true;
    }
    auto id_of = [&](char c) { return byte_ids_[static_cast<unsigned char>(c)]; };
    if (!parts_.byte_fallback ||
        !std::ranges::all_of(character, [&](char c) { return id_of(c) >= 0; })) {
      return false;
    }
    for (char c : character) ids.push_back(id_of(c));
    return true;
  }

  BpeParts parts_;
  std::vector<std::string> spelled_;          // by id: the bytes that it decodes to
  std::array<std::int32_t, 256> byte_ids_{};  // of <0x00> to <0xFF>
  std::array<std::vector<std::int32_t>, 256> added_by_first_byte_;  // the longest first
};

}  // namespace

std::unique_ptr<Tokenizer> make_bpe_tokenizer(BpeParts parts) {
  return std::make_unique<BpeTokenizer>(std::move(parts));
}

int byte_of_piece(std::string_view piece) {
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece[5] != '>') return -1;
  auto digit = [&](std::size_t at) {
    return static_cast<int>(std::string_view("0123456789ABCDEF").find(piece[at]));
  };
  const int high = digit(3), low = digit(4);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

}  // namespace llama
