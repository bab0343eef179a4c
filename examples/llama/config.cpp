// See config.h.
#include "examples/llama/config.h"

#include <fmt/format.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "examples/llama/base/files.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

using nlohmann::json;

constexpr std::int64_t max_size = std::int64_t{1} << 31;

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
};

// Accessors that accept exactly what the key may hold (nlohmann's get<> converts silently).
class Keys {
 public:
  Keys(const json& object, std::string origin) : object_(object), origin_(std::move(origin)) {}

  [[noreturn]] void refuse(std::string_view key, const std::string& why) const {
    throw pg::Error(fmt::format("{}: `{}` {}", origin_, key, why));
  }
  bool has(const char* key) const { return object_.contains(key) && !object_[key].is_null(); }
  std::int64_t size(const char* key) const {
    if (!has(key)) refuse(key, "is missing");
    const json& value = object_[key];
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > max_size) {
      refuse(key, fmt::format("must be an integer from 0 to 2^31, not {}", value.dump()));
    }
    return value.get<std::int64_t>();
  }
  std::int64_t size_or(const char* key, std::int64_t otherwise) const {
    return has(key) ? size(key) : otherwise;
  }
  double number_or(const char* key, double otherwise) const {
    if (!has(key)) return otherwise;
    if (!object_[key].is_number()) refuse(key, "must be a number, not " + object_[key].dump());
    return object_[key].get<double>();
  }
  bool flag_or(const char* key, bool otherwise) const {
    if (!has(key)) return otherwise;
    if (!object_[key].is_boolean()) refuse(key, "must be true or false");
    return object_[key].get<bool>();
  }
  void require_false(const char* key) const {
    if (flag_or(key, false)) refuse(key, "is not supported");
  }
  void require_text(const char* key, std::string_view expected) const {
    if (!has(key)) return;
    if (!object_[key].is_string() || object_[key].get<std::string>() != expected) {
      refuse(key, fmt::format("must be \"{}\", not {}", expected, object_[key].dump()));
    }
  }
  const json& operator[](const char* key) const { return object_[key]; }

 private:
  const json& object_;
  std::string origin_;
};

// transformers 5 nests the rotary settings; older files have them at the top.
double read_rope_theta(const Keys& keys, const std::string& origin) {
  if (keys.has("rope_scaling")) keys.refuse("rope_scaling", "is not supported");
  if (!keys.has("rope_parameters")) return keys.number_or("rope_theta", 10000.0);
  if (!keys["rope_parameters"].is_object()) keys.refuse("rope_parameters", "must be an object");
  Keys rope(keys["rope_parameters"], origin + ": rope_parameters");
  rope.require_text("rope_type", "default");
  if (rope.has("rope_theta")) return rope.number_or("rope_theta", 10000.0);
  return keys.number_or("rope_theta", 10000.0);
}

}  // namespace

std::int64_t Config::parameter_count() const {
  std::int64_t attention = hidden_size * head_dim * (2 * heads + 2 * kv_heads);
  std::int64_t feed_forward = 3 * hidden_size * intermediate_size;
  std::int64_t embedding = vocab_size * hidden_size;
  return embedding * (tied ? 1 : 2) + layers * (attention + feed_forward + 2 * hidden_size) +
         hidden_size;
}

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
}

Config read_hf_config(const std::filesystem::path& path) {
  return parse_hf_config(read_file(path, 1 << 20), path.string());
}

Config parse_hf_config(std::string_view text, const std::string& origin) {
  json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) throw pg::Error(origin + ": not a JSON object");
  Keys keys(object, origin);
  keys.require_text("model_type", "llama");
  keys.require_text("hidden_act", "silu");
  keys.require_false("attention_bias");
  keys.require_false("mlp_bias");
  if (keys.has("quantization_config")) keys.refuse("quantization_config", "is not supported");

  Config config;
  config.hidden_size = keys.size("hidden_size");
  config.intermediate_size = keys.size("intermediate_size");
  config.layers = keys.size("num_hidden_layers");
  config.heads = keys.size("num_attention_heads");
  config.kv_heads = keys.size_or("num_key_value_heads", config.heads);
  config.vocab_size = keys.size("vocab_size");
  config.max_positions = keys.size_or("max_position_embeddings", 2048);
  config.norm_eps = keys.number_or("rms_norm_eps", 1e-6);
  config.tied = keys.flag_or("tie_word_embeddings", false);
  config.rope_theta = read_rope_theta(keys, origin);
  if (keys.has("head_dim")) {
    config.head_dim = keys.size("head_dim");
  } else {
    if (config.heads == 0 || config.hidden_size % config.heads != 0) {
      keys.refuse("num_attention_heads", fmt::format("({}) must divide hidden_size ({})",
                                                     config.heads, config.hidden_size));
    }
    config.head_dim = config.hidden_size / config.heads;
  }
  validate(config, origin);
  return config;
}

std::string to_hf_json(const Config& config) {
  json object = {
      {"architectures", {"LlamaForCausalLM"}},
      {"model_type", "llama"},
      {"hidden_act", "silu"},
      {"attention_bias", false},
      {"mlp_bias", false},
      {"hidden_size", config.hidden_size},
      {"intermediate_size", config.intermediate_size},
      {"num_hidden_layers", config.layers},
      {"num_attention_heads", config.heads},
      {"num_key_value_heads", config.kv_heads},
      {"head_dim", config.head_dim},
      {"vocab_size", config.vocab_size},
      {"max_position_embeddings", config.max_positions},
      {"rope_theta", config.rope_theta},
      {"rms_norm_eps", config.norm_eps},
      {"tie_word_embeddings", config.tied},
      {"torch_dtype", "float32"},
  };
  return object.dump(2) + "\n";
}

Config parse_llama2c_header(std::span<const unsigned char> header, const std::string& origin) {
  static_assert(std::endian::native == std::endian::little);
  if (header.size() < llama2c_header_bytes) {
    throw pg::Error(fmt::format("{}: {} bytes, too short for a llama2.c header of {}", origin,
                                header.size(), llama2c_header_bytes));
  }
  std::array<std::int32_t, 7> fields;
  std::memcpy(fields.data(), header.data(), sizeof fields);
  Config config;
  config.hidden_size = fields[0];
  config.intermediate_size = fields[1];
  config.layers = fields[2];
  config.heads = fields[3];
  config.kv_heads = fields[4];
  config.tied = fields[5] > 0;
  config.vocab_size = std::abs(std::int64_t{fields[5]});
  config.max_positions = fields[6];
  if (config.heads < 1 || config.hidden_size < 1 || config.hidden_size % config.heads != 0) {
    throw pg::Error(fmt::format("{}: header field n_heads ({}) must divide dim ({})", origin,
                                config.heads, config.hidden_size));
  }
  config.head_dim = config.hidden_size / config.heads;
  validate(config, origin + ": llama2.c header");
  return config;
}

bool is_preset(std::string_view name) {
  for (const Preset& preset : presets) {
    if (preset.name == name) return true;
  }
  return false;
}

Config preset(std::string_view name) {
  std::string names;
  for (const Preset& preset : presets) {
    if (preset.name == name) return preset.config;
    names += fmt::format("{}{}", names.empty() ? "" : ", ", preset.name);
  }
  throw pg::Error(fmt::format("no preset named `{}`; there are {}", name, names));
}

}  // namespace llama
