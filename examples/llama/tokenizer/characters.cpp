// The plainest tokenizers: a token for each byte, or for each distinct character of a text. Their
// file is {"type": "bytes"} or {"type": "characters", "characters": [...]}.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "examples/llama/base/json.h"
#include "examples/llama/tokenizer/merge.h"
#include "examples/llama/tokenizer/tokenizer.h"
#include "examples/llama/tokenizer/utf8.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

using nlohmann::json;

class ByteTokenizer final : public Tokenizer {
 public:
  std::int64_t vocab_size() const override { return 256; }
  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<std::int32_t> ids;
    ids.reserve(text.size());
    for (char c : text) ids.push_back(static_cast<unsigned char>(c));
    return ids;
  }
  std::string decode(std::int32_t, std::int32_t id) const override {
    check_id(id);
    return std::string(1, static_cast<char>(id));
  }
  std::string contents() const override { return json{{"type", "bytes"}}.dump(1) + "\n"; }
};

class CharacterTokenizer final : public Tokenizer {
 public:
  explicit CharacterTokenizer(std::vector<std::string> characters)
      : characters_(std::move(characters)) {
    for (std::size_t i = 0; i < characters_.size(); ++i) {
      ids_.emplace(characters_[i], static_cast<std::int32_t>(i));
    }
  }
  std::int64_t vocab_size() const override { return static_cast<std::int64_t>(characters_.size()); }
  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<std::int32_t> ids;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t length = utf8_length(text, at);
      auto found = length ? ids_.find(text.substr(at, length)) : ids_.end();
      if (found == ids_.end()) {
        throw pg::Error(fmt::format(
            "encode: the character \"{}\" at byte {} is not among the {} of the training text",
            text.substr(at, std::max<std::size_t>(length, 1)), at, characters_.size()));
      }
      ids.push_back(found->second);
      at += length;
    }
    return ids;
  }
  std::string decode(std::int32_t, std::int32_t id) const override {
    check_id(id);
    return characters_[static_cast<std::size_t>(id)];
  }
  std::string contents() const override {
    return json{{"type", "characters"}, {"characters", characters_}}.dump(1) + "\n";
  }

 private:
  std::vector<std::string> characters_;
  PieceIds ids_;
};

}  // namespace

std::unique_ptr<Tokenizer> make_byte_tokenizer() { return std::make_unique<ByteTokenizer>(); }

std::unique_ptr<Tokenizer> make_character_tokenizer(std::string_view text) {
  std::set<char32_t> characters;  // in this order UTF-8 sorts too
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = utf8_length(text, at);
    if (length == 0) {
      throw pg::Error(fmt::format(
          "characters: byte {} (0x{:02x}) of the text is not UTF-8; use --tokenizer bytes", at,
          static_cast<unsigned char>(text[at])));
    }
    characters.insert(utf8_decode(text.substr(at, length)));
    at += length;
  }
  if (characters.empty()) throw pg::Error("characters: the text is empty");
  std::vector<std::string> pieces;
  std::ranges::transform(characters, std::back_inserter(pieces), utf8_encode);
  return std::make_unique<CharacterTokenizer>(std::move(pieces));
}

std::unique_ptr<Tokenizer> parse_character_json(const std::string& bytes,
                                                const std::string& origin) {
  const json document = parse_json_object(bytes, origin);
  const JsonField root(document, origin);
  if (root["type"].text() == "bytes") return make_byte_tokenizer();
  root["type"].require_text("characters");
  std::vector<std::string> characters;
  std::set<std::string> seen;
  root["characters"].each([&](const JsonField& item) {
    const std::string& character = item.text();
    if (character.empty() || utf8_length(character, 0) != character.size() ||
        !seen.insert(character).second) {
      item.refuse("must be one character, once");
    }
    characters.push_back(character);
  });
  if (characters.empty()) root["characters"].refuse("is empty");
  return std::make_unique<CharacterTokenizer>(std::move(characters));
}

}  // namespace llama
