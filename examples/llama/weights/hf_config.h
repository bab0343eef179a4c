// Hugging Face's config.json, with the keys of transformers 4 (rope_theta, rope_scaling) and of 5
// (rope_parameters). What this program cannot honour is refused by the name of the key.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "examples/llama/model/config.h"

namespace llama {

inline constexpr std::size_t max_config_bytes = 1 << 20;

Config read_hf_config(const std::filesystem::path& path);
/// The same of its text; errors begin with `origin`.
Config parse_hf_config(std::string_view text, const std::string& origin);

/// The keys that are neither read nor known to change nothing here, with a value other than null:
/// "partial_rotary_factor, rope_parameters.x"; empty: none.
std::string unknown_hf_keys(std::string_view text, const std::string& origin);

/// The config.json that transformers reads back.
std::string to_hf_json(const Config& config);

}  // namespace llama
