// The shape of a llama and where it comes from: a Hugging Face config.json, the header of a
// llama2.c checkpoint, or a named preset. What this program cannot honour is refused by the name of
// the key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace llama {

struct Config {
  std::int64_t hidden_size = 0;        // width of the residual stream
  std::int64_t intermediate_size = 0;  // width inside the feed-forward block
  std::int64_t layers = 0;
  std::int64_t heads = 0;
  std::int64_t kv_heads = 0;  // divides heads
  std::int64_t head_dim = 0;  // even
  std::int64_t vocab_size = 0;
  std::int64_t max_positions = 0;  // longest sequence
  double rope_theta = 10000.0;
  double norm_eps = 1e-5;
  bool tied = true;  // the output head is the embedding

  std::int64_t parameter_count() const;
  bool operator==(const Config&) const = default;
};

/// Throws pg::Error naming `origin` and the key: sizes out of range, heads that do not divide.
void validate(const Config& config, const std::string& origin);

/// Reads a Hugging Face config.json, old keys (rope_theta, rope_scaling) and new (rope_parameters).
Config read_hf_config(const std::filesystem::path& path);
/// The same of its text; errors begin with `origin`.
Config parse_hf_config(std::string_view text, const std::string& origin);

/// The config.json that transformers reads back.
std::string to_hf_json(const Config& config);

/// The seven little-endian int32 of a llama2.c v0 checkpoint; a negative vocabulary means untied.
inline constexpr std::size_t llama2c_header_bytes = 28;
Config parse_llama2c_header(std::span<const unsigned char> header, const std::string& origin);

/// "char-tiny", "char-small", "stories260K", "15M", "42M", "110M"; vocabulary and context are the
/// caller's. Throws pg::Error that lists the names when there is no such preset.
Config preset(std::string_view name);
bool is_preset(std::string_view name);

}  // namespace llama
