// llama 3's tokenizer.model: a line for each piece, its bytes in base64 and its rank, which is its
// id. The pattern and the 256 special tokens, which follow the pieces, are not in the file.
#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

#include "examples/llama/tokenizer/bpe.h"
#include "examples/llama/tokenizer/byte_level.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

constexpr std::size_t max_piece_bytes = 256;
constexpr std::size_t max_pieces = std::size_t{1} << 20;
constexpr std::size_t special_tokens = 256;

// llama 3's names. Those between and after them are <|reserved_special_token_N|>, N from 0.
std::vector<std::string> special_pieces() {
  std::vector<std::string> pieces = {"<|begin_of_text|>", "<|end_of_text|>"};
  int reserved = 0;
  auto reserve = [&](int count) {
    for (int i = 0; i < count; ++i) {
      pieces.push_back(fmt::format("<|reserved_special_token_{}|>", reserved++));
    }
  };
  reserve(4);
  pieces.insert(pieces.end(), {"<|start_header_id|>", "<|end_header_id|>"});
  reserve(1);
  pieces.emplace_back("<|eot_id|>");
  reserve(static_cast<int>(special_tokens - pieces.size()));
  return pieces;
}

// Padded base64, as strict as it gets; nothing when it is something else.
std::optional<std::string> decode_base64(std::string_view text) {
  static constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.empty() || text.size() % 4 != 0) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  std::string bytes;
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool padded = i >= text.size() - padding;
    const std::size_t digit = padded ? 0 : digits.find(text[i]);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    if (i % 4 != 3) continue;
    for (int shift : {16, 8, 0}) bytes += static_cast<char>((bits >> shift) & 0xff);
    bits = 0;
  }
  bytes.resize(bytes.size() - padding);
  return bytes;
}

// The pieces' bytes by rank.
std::vector<std::string> read_pieces(std::string_view text, const std::string& origin) {
  std::vector<std::string> pieces;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    auto refuse = [&](const std::string& why) {
      throw pg::Error(fmt::format("{}: line {}: {}", origin, number, why));
    };
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) refuse("not a piece and a rank");
    std::optional<std::string> piece = decode_base64(line.substr(0, space));
    if (!piece || piece->size() > max_piece_bytes) {
      refuse(fmt::format("the piece is not base64 of 1 to {} bytes", max_piece_bytes));
    }
    const std::string_view rank_text = line.substr(space + 1);
    std::size_t rank = 0;
    auto [stop, error] =
        std::from_chars(rank_text.data(), rank_text.data() + rank_text.size(), rank);
    if (error != std::errc() || stop != rank_text.data() + rank_text.size()) {
      refuse("the rank is not a number");
    }
    if (rank != pieces.size()) {
      refuse(fmt::format("rank {} where {} is next", rank, pieces.size()));
    }
    if (pieces.size() == max_pieces) refuse(fmt::format("more than {} pieces", max_pieces));
    pieces.push_back(std::move(*piece));
  }
  return pieces;
}

}  // namespace

std::unique_ptr<Tokenizer> parse_tiktoken(std::string bytes, const std::string& origin) {
  BpeParts parts;
  for (const std::string& piece : read_pieces(bytes, origin)) {
    parts.pieces.push_back(bytes_to_characters(piece));
    const auto id = static_cast<std::int32_t>(parts.pieces.size()) - 1;
    auto [other, is_new] = parts.ids.emplace(parts.pieces.back(), id);
    if (!is_new) {
      throw pg::Error(
          fmt::format("{}: rank {} is the piece of rank {}", origin, id, other->second));
    }
  }
  for (const std::string& character : byte_characters()) {
    if (!parts.ids.contains(character)) {
      throw pg::Error(
          fmt::format("{}: byte 0x{:02x} is not among the pieces", origin,
                      static_cast<unsigned char>((*characters_to_bytes(character))[0])));
    }
  }
  // A pair merges when its bytes are a piece, and the piece of lowest rank first.
  for (std::size_t id = 0; id < parts.pieces.size(); ++id) {
    const auto rank = static_cast<std::int32_t>(id);
    add_all_cuts(parts.merges, parts.ids, parts.pieces[id], rank, rank);
  }
  for (std::string& special : special_pieces()) {
    parts.added.push_back(static_cast<std::int32_t>(parts.pieces.size()));
    parts.pieces.push_back(std::move(special));
  }
  parts.bos = parts.added[0];
  parts.eos = parts.added[1];
  parts.whole_words_first = true;
  parts.spelling = Spelling::ByteLevel;
  parts.steps = {split_step({llama3_pattern, origin}, KeptParts::All), byte_level_step()};
  parts.file_name = "tokenizer.model";
  parts.contents = std::move(bytes);
  return make_bpe_tokenizer(std::move(parts));
}

}  // namespace llama
