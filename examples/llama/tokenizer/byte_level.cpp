// See byte_level.h.
#include "examples/llama/tokenizer/byte_level.h"

#include "examples/llama/tokenizer/utf8.h"

namespace llama {

namespace {

constexpr char32_t code_points = 256 + 68;  // one past the last that stands for a byte

struct Alphabet {
  std::array<std::string, 256> characters;
  std::array<int, code_points> bytes;  // -1: stands for none
};

Alphabet make_alphabet() {
  Alphabet alphabet;
  alphabet.bytes.fill(-1);
  char32_t next = 256;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte != 0xad);
    const char32_t code_point = printable ? byte : next++;
    alphabet.characters[byte] = utf8_encode(code_point);
    alphabet.bytes[code_point] = static_cast<int>(byte);
  }
  return alphabet;
}

const Alphabet& alphabet() {
  static const Alphabet instance = make_alphabet();
  return instance;
}

}  // namespace

const std::array<std::string, 256>& byte_characters() { return alphabet().characters; }

std::string bytes_to_characters(std::string_view bytes) {
  std::string text;
  for (char c : bytes) text += byte_characters()[static_cast<unsigned char>(c)];
  return text;
}

std::optional<std::string> characters_to_bytes(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_length(text, at);
    if (length == 0) return std::nullopt;
    const char32_t code_point = utf8_decode(text.substr(at, length));
    if (code_point >= code_points || alphabet().bytes[code_point] < 0) return std::nullopt;
    bytes += static_cast<char>(alphabet().bytes[code_point]);
    at += length;
  }
  return bytes;
}

}  // namespace llama
