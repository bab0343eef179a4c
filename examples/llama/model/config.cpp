// See config.h.
#include "examples/llama/model/config.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "runtime/device/error.h"

namespace llama {

namespace {

struct Preset {
  std::string_view name;
  Config config;
};

constexpr std::array presets = {
    Preset{"char-tiny", {64, 172, 2, 4, 4, 16, 0, 64}},
    Preset{"char-small", {128, 344, 4, 4, 4, 32, 0, 64}},
    Preset{"char-medium", {384, 1024, 6, 6, 6, 64, 0, 256}},
    Preset{"stories260K", {64, 172, 5, 8, 4, 8, 512, 512}},
    Preset{"15M", {288, 768, 6, 6, 6, 48, 32000, 256}},
    Preset{"42M", {512, 1376, 8, 8, 8, 64, 32000, 1024}},
    Preset{"110M", {768, 2048, 12, 12, 12, 64, 32000, 1024}},
    Preset{"1B", {2048, 8192, 16, 32, 8, 64, 32000, 2048}},
    Preset{"Llama-3.2-1B",
           {.hidden_size = 2048,
            .intermediate_size = 8192,
            .layers = 16,
            .heads = 32,
            .kv_heads = 8,
            .head_dim = 64,
            .vocab_size = 128256,
            .max_positions = 131072,
            .rope_theta = 500000,
            .rope_scaling = {RopeScaling::Kind::Llama3, 32, 1, 4, 8192}}},
};

}  // namespace

void validate(const Config& config, const std::string& origin) {
  auto check = [&](bool ok, std::string_view key, const std::string& why) {
    if (!ok) throw pg::Error(fmt::format("{}: `{}` {}", origin, key, why));
  };
  auto in_range = [&](std::int64_t value, std::int64_t limit, std::string_view key) {
    check(value >= 1 && value <= limit, key,
          fmt::format("must be from 1 to {}, not {}", limit, value));
  };
  in_range(config.hidden_size, 1 << 16, "hidden_size");
  in_range(config.intermediate_size, 1 << 18, "intermediate_size");
  in_range(config.layers, 1 << 10, "num_hidden_layers");
  in_range(config.heads, 1 << 10, "num_attention_heads");
  in_range(config.kv_heads, 1 << 10, "num_key_value_heads");
  in_range(config.head_dim, 1 << 10, "head_dim");
  in_range(config.vocab_size, 1 << 20, "vocab_size");
  in_range(config.max_positions, 1 << 20, "max_position_embeddings");
  check(config.heads % config.kv_heads == 0, "num_key_value_heads",
        fmt::format("({}) must divide num_attention_heads ({})", config.kv_heads, config.heads));
  check(config.head_dim % 2 == 0, "head_dim",
        fmt::format("({}) must be even for rotary positions", config.head_dim));
  check(std::isfinite(config.rope_theta) && config.rope_theta > 0, "rope_theta",
        fmt::format("must be positive and finite, not {}", config.rope_theta));
  check(std::isfinite(config.norm_eps) && config.norm_eps > 0 && config.norm_eps < 1,
        "rms_norm_eps", fmt::format("must be between 0 and 1, not {}", config.norm_eps));
  const RopeScaling& scaling = config.rope_scaling;
  if (scaling.kind == RopeScaling::Kind::None) return;
  check(std::isfinite(scaling.factor) && scaling.factor >= 1, "factor",
        fmt::format("of the rotary scaling must be 1 or more, not {}", scaling.factor));
  if (scaling.kind == RopeScaling::Kind::Linear) return;
  in_range(scaling.original_positions, 1 << 20, "original_max_position_embeddings");
  const double low = scaling.low_frequency_factor, high = scaling.high_frequency_factor;
  check(std::isfinite(low) && low > 0, "low_freq_factor",
        fmt::format("must be positive and finite, not {}", low));
  check(std::isfinite(high) && high > low, "high_freq_factor",
        fmt::format("({}) must be above low_freq_factor ({})", high, low));
}

bool is_preset(std::string_view name) {
  for (const Preset& preset : presets) {
    if (preset.name == name) return true;
  }
  return false;
}

std::string preset_names() {
  std::string names;
  for (const Preset& preset : presets) {
    names += fmt::format("{}{}", names.empty() ? "" : ", ", preset.name);
  }
  return names;
}

Config preset(std::string_view name) {
  for (const Preset& preset : presets) {
    if (preset.name == name) return preset.config;
  }
  throw pg::Error(
      fmt::format("{}: no such file, nor a preset; there are {}", name, preset_names()));
}

}  // namespace llama
