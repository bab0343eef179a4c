// See tokenizer.h. Byte and character tokenizers and the choice among all kinds; llama2.c's format
// is in llama2c.cpp.
#include "examples/llama/tokenizer/tokenizer.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "examples/llama/base/files.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

using nlohmann::json;

void save_json(const std::filesystem::path& path, const json& object) {
  write_file(path, object.dump(1) + "\n");
}

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
    if (id < 0 || id > 255) throw pg::Error(fmt::format("decode: token id {} of 256", id));
    return std::string(1, static_cast<char>(id));
  }
  void save(const std::filesystem::path& path) const override {
    save_json(path, {{"type", "bytes"}});
  }
};

// Length of the UTF-8 sequence at `text[at]`, or 0 when it is not valid.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  auto byte = static_cast<unsigned char>(text[at]);
  std::size_t length = byte < 0x80 ? 1 : byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 0;
  if (byte > 0xf4 || at + length > text.size()) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((static_cast<unsigned char>(text[at + i]) & 0xc0) != 0x80) return 0;
  }
  return length;
}

class CharacterTokenizer final : public Tokenizer {
 public:
  explicit CharacterTokenizer(std::vector<std::string> characters)
      : characters_(std::move(characters)) {
    for (std::size_t i = 0; i < characters_.size(); ++i) {
      ids_[characters_[i]] = static_cast<std::int32_t>(i);
    }
  }
  std::int64_t vocab_size() const override { return static_cast<std::int64_t>(characters_.size()); }
  std::vector<std::int32_t> encode(std::string_view text) const override {
    std::vector<std::int32_t> ids;
    for (std::size_t at = 0; at < text.size();) {
      std::size_t length = sequence_length(text, at);
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
    if (id < 0 || id >= vocab_size()) {
      throw pg::Error(fmt::format("decode: token id {} of {}", id, vocab_size()));
    }
    return characters_[static_cast<std::size_t>(id)];
  }
  void save(const std::filesystem::path& path) const override {
    save_json(path, {{"type", "characters"}, {"characters", characters_}});
  }

 private:
  std::vector<std::string> characters_;
  std::map<std::string, std::int32_t, std::less<>> ids_;
};

std::unique_ptr<Tokenizer> parse_json_tokenizer(const std::string& text,
                                                const std::string& origin) {
  json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object() || !object.contains("type")) {
    throw pg::Error(origin + ": not a tokenizer file (a JSON object with `type`)");
  }
  if (object["type"] == "bytes") return make_byte_tokenizer();
  if (object["type"] != "characters") {
    throw pg::Error(fmt::format("{}: `type` must be \"bytes\" or \"characters\", not {}", origin,
                                object["type"].dump()));
  }
  if (!object.contains("characters") || !object["characters"].is_array()) {
    throw pg::Error(origin + ": `characters` must be a list of strings");
  }
  std::vector<std::string> characters;
  std::set<std::string> seen;
  for (const json& item : object["characters"]) {
    std::string character = item.is_string() ? item.get<std::string>() : "";
    if (character.empty() || sequence_length(character, 0) != character.size() ||
        !seen.insert(character).second) {
      throw pg::Error(fmt::format("{}: `characters`[{}] must be one character, once", origin,
                                  characters.size()));
    }
    characters.push_back(character);
  }
  if (characters.empty()) throw pg::Error(origin + ": `characters` is empty");
  return std::make_unique<CharacterTokenizer>(std::move(characters));
}

}  // namespace

std::string Tokenizer::decode_all(const std::vector<std::int32_t>& ids) const {
  std::string text;
  std::int32_t previous = -1;
  for (std::int32_t id : ids) {
    text += decode(previous, id);
    previous = id;
  }
  return text;
}

std::unique_ptr<Tokenizer> make_byte_tokenizer() { return std::make_unique<ByteTokenizer>(); }

std::unique_ptr<Tokenizer> make_character_tokenizer(std::string_view text) {
  std::set<std::string, std::less<>> characters;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = sequence_length(text, at);
    if (length == 0) {
      throw pg::Error(fmt::format(
          "characters: byte {} (0x{:02x}) of the text is not UTF-8; use --tokenizer bytes", at,
          static_cast<unsigned char>(text[at])));
    }
    if (!characters.contains(text.substr(at, length))) characters.emplace(text.substr(at, length));
    at += length;
  }
  if (characters.empty()) throw pg::Error("characters: the text is empty");
  return std::make_unique<CharacterTokenizer>(
      std::vector<std::string>(characters.begin(), characters.end()));
}

std::unique_ptr<Tokenizer> load_tokenizer(const std::filesystem::path& path,
                                          std::int64_t vocab_size) {
  std::string text = read_file(path, max_tokenizer_bytes);
  if (text.starts_with("{")) return parse_json_tokenizer(text, path.string());
  return load_llama2c_tokenizer(path, vocab_size);
}

}  // namespace llama
