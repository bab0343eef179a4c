// The shape of a llama, and the shapes that have a name. Files that hold one are read by weights/.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace llama {

/// How rotary positions are stretched beyond the context that a model was first trained for.
struct RopeScaling {
  enum class Kind : std::uint8_t { None, Linear, Llama3 };
  Kind kind = Kind::None;
  double factor = 1;
  // Llama3 alone: turns over the original context below which a frequency is divided by the factor
  // and above which it stays.
  double low_frequency_factor = 1, high_frequency_factor = 4;
  std::int64_t original_positions = 0;

  bool operator==(const RopeScaling&) const = default;
};

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
  RopeScaling rope_scaling = {};

  bool operator==(const Config&) const = default;
};

/// Throws pg::Error naming `origin` and the key: sizes out of range, heads that do not divide.
void validate(const Config& config, const std::string& origin);

/// "char-tiny" to "char-medium" (the vocabulary, here 0, and the context are the caller's),
/// "stories260K", "15M", "42M", "110M" (llama2.c's), "1B", "Llama-3.2-1B". Throws pg::Error that
/// lists the names when there is no such preset.
Config preset(std::string_view name);
bool is_preset(std::string_view name);
/// "char-tiny, char-small, ..."
std::string preset_names();

}  // namespace llama
