// The JSON header of a safetensors file: parsed event by event, so that every number is seen as
// written (a DOM would turn -1 and 1.9 into integers) and duplicate keys do not vanish; then
// checked as a whole.
#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/nn/safetensors.h"

namespace pg::nn {

struct SafetensorsHeader {
  std::vector<SafetensorsEntry> entries;  // in the order of the data
  std::map<std::string, std::string> metadata;
};

/// Bits of one element of a file's type ("BF16": 16); nothing for an unknown type.
std::optional<std::uint64_t> safetensors_element_bits(std::string_view element);

/// Checks everything that does not need the data: fields, types, sizes, and that the tensors cover
/// exactly `data_bytes`. The error says what is wrong, without the file's name.
std::expected<SafetensorsHeader, std::string> parse_safetensors_header(std::string_view json,
                                                                       std::uint64_t data_bytes);

}  // namespace pg::nn
