// GPT-2's alphabet: a printable character for each byte, so that pieces of any bytes are readable
// text. Bytes that are printable in Latin-1 stand for themselves, the others for U+0100 and on.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace llama {

/// The character of each byte, as UTF-8.
const std::array<std::string, 256>& byte_characters();

std::string bytes_to_characters(std::string_view bytes);
/// Nothing when a character stands for no byte.
std::optional<std::string> characters_to_bytes(std::string_view text);

}  // namespace llama
