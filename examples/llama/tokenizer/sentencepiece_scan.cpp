// See sentencepiece_scan.h. The file is a protobuf message: fields, each with a number and one of
// four encodings. Only the fields that matter are looked into.
#include "examples/llama/tokenizer/sentencepiece_scan.h"

#include <fmt/format.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <unordered_set>

#include "examples/llama/tokenizer/utf8.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

constexpr std::size_t max_pieces = std::size_t{1} << 20;
constexpr std::size_t max_piece_bytes = 4096;

// Field numbers of the messages.
enum ModelField {
  model_piece = 1,
  model_trainer = 2,
  model_normalizer = 3,
  model_denormalizer = 5
};
enum PieceField { piece_text = 1, piece_score = 2, piece_type = 3 };
enum NormalizerField { normalizer_table = 2, normalizer_rules = 6 };
constexpr std::uint64_t max_piece_type = 6;

enum Encoding : unsigned { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

struct Field {
  std::uint64_t number;
  Encoding encoding;
  std::uint64_t value;       // of a number
  std::string_view content;  // of bytes
};

class Message {
 public:
  Message(std::string_view bytes, const std::string& origin) : bytes_(bytes), origin_(origin) {}

  void each(const std::function<void(const Field&)>& visit) {
    while (at_ < bytes_.size()) visit(next());
  }
  [[noreturn]] void refuse(const std::string& why) const {
    throw pg::Error(fmt::format("{}: {}", origin_, why));
  }

 private:
  Field next() {
    const std::uint64_t tag = take_varint();
    Field field{tag >> 3, static_cast<Encoding>(tag & 7), 0, {}};
    if (field.number == 0 || field.number >= std::uint64_t{1} << 29) {
      refuse(fmt::format("not a SentencePiece model: no field has number {}", field.number));
    }
    switch (field.encoding) {
      case varint:
        field.value = take_varint();
        return field;
      case fixed64:
        field.value = take_fixed(8);
        return field;
      case fixed32:
        field.value = take_fixed(4);
        return field;
      case bytes:
        field.content = take(take_varint());
        return field;
    }
    refuse(
        fmt::format("not a SentencePiece model: field {} has encoding {}", field.number, tag & 7));
  }
  std::string_view take(std::uint64_t count) {
    if (count > bytes_.size() - at_) {
      refuse(fmt::format("a field of {} bytes where {} are left", count, bytes_.size() - at_));
    }
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  std::uint64_t take_fixed(std::size_t count) {
    std::uint64_t value = 0;
    int shift = 0;
    for (char c : take(count)) {
      value |= std::uint64_t{static_cast<unsigned char>(c)} << shift;
      shift += 8;
    }
    return value;
  }
  std::uint64_t take_varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    refuse("not a SentencePiece model: a number of more than 64 bits");
  }

  std::string_view bytes_;
  const std::string& origin_;
  std::size_t at_ = 0;
};

void require_encoding(const Message& message, const Field& field, Encoding encoding,
                      std::string_view name) {
  if (field.encoding != encoding) {
    message.refuse(fmt::format("{} has encoding {}, expected {}", name,
                               static_cast<unsigned>(field.encoding),
                               static_cast<unsigned>(encoding)));
  }
}

void scan_piece(std::string_view content, const std::string& origin,
                std::unordered_set<std::string_view>& seen) {
  const std::string name = fmt::format("{}: piece {}", origin, seen.size());
  Message message(content, name);
  std::string_view text;
  message.each([&](const Field& field) {
    if (field.number == piece_text) {
      require_encoding(message, field, bytes, "its text");
      if (!text.empty()) message.refuse("has two texts");
      text = field.content;
    } else if (field.number == piece_score) {
      require_encoding(message, field, fixed32, "its score");
      const auto score = std::bit_cast<float>(static_cast<std::uint32_t>(field.value));
      if (!std::isfinite(score)) message.refuse("its score is not finite");
    } else if (field.number == piece_type) {
      require_encoding(message, field, varint, "its type");
      if (field.value == 0 || field.value > max_piece_type) {
        message.refuse(
            fmt::format("its type is {}, expected 1 to {}", field.value, max_piece_type));
      }
    }
  });
  if (text.empty()) message.refuse("is empty");
  if (text.size() > max_piece_bytes) {
    message.refuse(fmt::format("has {} bytes, more than {}", text.size(), max_piece_bytes));
  }
  if (text.find('\0') != std::string_view::npos) message.refuse("holds a NUL");
  if (!is_utf8(text)) message.refuse("is not UTF-8");
  if (!seen.insert(text).second) message.refuse(fmt::format("\"{}\" is there twice", text));
}

void scan_normalizer(std::string_view content, const std::string& origin, std::string_view which) {
  Message message(content, origin);
  message.each([&](const Field& field) {
    if (field.number != normalizer_table && field.number != normalizer_rules) return;
    if (field.encoding == bytes && field.content.empty()) return;
    message.refuse(fmt::format(
        "`{}.{}` is not empty; only models that leave text as it is are read", which,
        field.number == normalizer_table ? "precompiled_charsmap" : "normalization_rule_tsv"));
  });
}

}  // namespace

void scan_sentencepiece(std::string_view model, const std::string& origin) {
  std::unordered_set<std::string_view> seen;
  Message message(model, origin);
  message.each([&](const Field& field) {
    if (field.number > model_denormalizer) return;  // extensions
    require_encoding(message, field, bytes, fmt::format("field {}", field.number));
    if (field.number == model_piece) {
      if (seen.size() == max_pieces) message.refuse(fmt::format("more than {} pieces", max_pieces));
      scan_piece(field.content, origin, seen);
    } else if (field.number == model_normalizer) {
      scan_normalizer(field.content, origin, "normalizer_spec");
    } else if (field.number == model_denormalizer) {
      scan_normalizer(field.content, origin, "denormalizer_spec");
    }
  });
  if (seen.empty()) throw pg::Error(origin + ": not a SentencePiece model: no pieces");
}

}  // namespace llama
