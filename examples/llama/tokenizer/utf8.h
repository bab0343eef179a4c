// UTF-8, one code point at a time, as strictly as Unicode defines it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace llama {

/// Length of the sequence at `text[at]`, or 0 when it is not valid UTF-8.
std::size_t utf8_length(std::string_view text, std::size_t at);

/// Is all of it UTF-8?
bool is_utf8(std::string_view text);

/// The code point of a valid sequence, and back; below 0x110000.
char32_t utf8_decode(std::string_view sequence);
std::string utf8_encode(char32_t code_point);

}  // namespace llama
