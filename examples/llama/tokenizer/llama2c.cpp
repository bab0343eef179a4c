// llama2.c's tokenizer.bin: int32 longest piece, then per token an f32 score, an int32 length and
// bytes. Encoding merges the adjacent pair with the best score until none is left, as
// SentencePiece's BPE does.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "examples/llama/tokenizer/bpe.h"
#include "examples/llama/tokenizer/merge.h"
#include "examples/llama/tokenizer/tokenizer.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

constexpr std::int32_t bos_id = 1;
constexpr std::int32_t first_byte_id = 3;  // <unk>, <s>, </s>, then one token for each byte
constexpr std::int32_t max_piece_bytes = 256;

struct Piece {
  std::string text;
  float score = 0;
};

struct Reader {
  std::string_view bytes;
  std::size_t at = 0;
  const std::string& origin;

  /// `field` makes the name of what is read, for an error.
  template <class Field>
  std::string_view take(std::size_t count, const Field& field) {
    if (bytes.size() - at < count) {
      throw pg::Error(fmt::format("{}: ends at byte {} inside {}", origin, bytes.size(), field()));
    }
    at += count;
    return bytes.substr(at - count, count);
  }
  template <class T, class Field>
  T number(const Field& field) {
    T value;
    std::memcpy(&value, take(sizeof value, field).data(), sizeof value);
    return value;
  }
};

class Llama2cTokenizer final : public Tokenizer {
 public:
  Llama2cTokenizer(std::vector<Piece> pieces, std::string bytes)
      : pieces_(std::move(pieces)), bytes_(std::move(bytes)) {
    for (std::size_t i = 0; i < pieces_.size(); ++i) {
      ids_.emplace(pieces_[i].text,
                   static_cast<std::int32_t>(i));  // the first of equal pieces wins
    }
    add_merges();
  }

  std::int64_t vocab_size() const override { return static_cast<std::int64_t>(pieces_.size()); }
  std::int32_t bos() const override { return bos_id; }
  std::string file_name() const override { return "tokenizer.bin"; }
  std::string contents() const override { return bytes_; }

  std::vector<std::int32_t> encode(std::string_view text) const override {
    if (text.empty()) return {};
    std::vector<std::int32_t> ids;
    if (std::int32_t space = find(" "); space >= 0) ids.push_back(space);  // the dummy prefix
    for (std::size_t at = 0; at < text.size();) {
      std::size_t length = 1;
      while (length < 4 && at + length < text.size() && (text[at + length] & 0xc0) == 0x80)
        ++length;
      std::string_view character = text.substr(at, length);
      if (std::int32_t id = find(character); id >= 0) {
        ids.push_back(id);
      } else {
        for (char c : character) ids.push_back(byte_id(static_cast<unsigned char>(c)));
      }
      at += length;
    }
    merges_.apply(ids);
    return ids;
  }

  std::string decode(std::int32_t previous, std::int32_t id) const override {
    check_id(id);
    std::string_view text = pieces_[static_cast<std::size_t>(id)].text;
    if (previous == bos_id && text.starts_with(' ')) text.remove_prefix(1);
    const int byte = byte_of_piece(text);
    return byte >= 0 ? std::string(1, static_cast<char>(byte)) : std::string(text);
  }

 private:
  std::int32_t find(std::string_view text) const {
    auto found = ids_.find(text);
    return found == ids_.end() ? -1 : found->second;
  }
  std::int32_t byte_id(unsigned char byte) const {
    if (vocab_size() < first_byte_id + 256) {
      throw pg::Error(fmt::format("encode: byte 0x{:02x} is not in the vocabulary", byte));
    }
    return first_byte_id + byte;
  }

  // A pair may be joined when its text is a piece; the better the piece's score, the earlier.
  void add_merges() {
    std::vector<std::int32_t> by_score;
    for (const auto& [text, id] : ids_) by_score.push_back(id);
    auto score = [&](std::int32_t id) { return pieces_[static_cast<std::size_t>(id)].score; };
    std::ranges::sort(by_score, std::greater<>(), score);
    std::int32_t rank = 0;
    for (std::size_t i = 0; i < by_score.size(); ++i) {
      if (i && score(by_score[i]) < score(by_score[i - 1])) ++rank;
      if (std::isinf(score(by_score[i])) && score(by_score[i]) < 0) break;  // never joined
      add_all_cuts(merges_, ids_, pieces_[static_cast<std::size_t>(by_score[i])].text, rank,
                   by_score[i]);
    }
  }

  std::vector<Piece> pieces_;
  std::string bytes_;
  PieceIds ids_;
  MergeTable merges_;
};

}  // namespace

std::unique_ptr<Tokenizer> parse_llama2c(std::string bytes, const std::string& origin,
                                         std::int64_t vocab_size) {
  Reader reader{bytes, 0, origin};
  auto longest = reader.number<std::int32_t>([] { return "the longest piece's length"; });
  if (longest < 1 || longest > max_piece_bytes) {
    throw pg::Error(fmt::format("{}: longest piece of {} bytes, expected 1 to {}", origin, longest,
                                max_piece_bytes));
  }
  std::vector<Piece> pieces;
  while (vocab_size ? static_cast<std::int64_t>(pieces.size()) < vocab_size
                    : reader.at < bytes.size()) {
    const auto field = [&] { return fmt::format("token {}", pieces.size()); };
    Piece piece;
    piece.score = reader.number<float>(field);
    auto length = reader.number<std::int32_t>(field);
    if (length < 0 || length > longest) {
      throw pg::Error(fmt::format("{}: {} has length {}, the longest is said to be {}", origin,
                                  field(), length, longest));
    }
    if (std::isnan(piece.score))
      throw pg::Error(fmt::format("{}: {}: score is NaN", origin, field()));
    piece.text = reader.take(static_cast<std::size_t>(length), field);
    pieces.push_back(std::move(piece));
  }
  if (reader.at != bytes.size()) {
    throw pg::Error(fmt::format("{}: {} bytes after the {} tokens of the model's vocabulary",
                                origin, bytes.size() - reader.at, pieces.size()));
  }
  if (static_cast<std::int64_t>(pieces.size()) <= bos_id) {
    throw pg::Error(fmt::format("{}: only {} tokens", origin, pieces.size()));
  }
  return std::make_unique<Llama2cTokenizer>(std::move(pieces), std::move(bytes));
}

}  // namespace llama
