// See hf_config.h.
#include "examples/llama/weights/hf_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "examples/llama/base/files.h"
#include "examples/llama/base/json.h"

namespace llama {

namespace {

using nlohmann::json;

constexpr std::int64_t max_size = std::int64_t{1} << 31;  // validate() knows better limits

/// What parse_hf_config reads, and what says nothing about the forward pass: where the file comes
/// from, how the model was trained, how text is generated.
constexpr std::array known_keys = std::to_array<std::string_view>({"model_type",
                                                                   "hidden_act",
                                                                   "attention_bias",
                                                                   "mlp_bias",
                                                                   "quantization_config",
                                                                   "hidden_size",
                                                                   "intermediate_size",
                                                                   "num_hidden_layers",
                                                                   "num_attention_heads",
                                                                   "num_key_value_heads",
                                                                   "vocab_size",
                                                                   "max_position_embeddings",
                                                                   "rms_norm_eps",
                                                                   "tie_word_embeddings",
                                                                   "head_dim",
                                                                   "rope_theta",
                                                                   "rope_scaling",
                                                                   "rope_parameters",
                                                                   "_name_or_path",
                                                                   "architectures",
                                                                   "attention_dropout",
                                                                   "bos_token_id",
                                                                   "dtype",
                                                                   "eos_token_id",
                                                                   "initializer_range",
                                                                   "pad_token_id",
                                                                   "pretraining_tp",
                                                                   "torch_dtype",
                                                                   "transformers_version",
                                                                   "use_cache"});
constexpr std::array known_rope_keys = std::to_array<std::string_view>(
    {"rope_type", "type", "factor", "low_freq_factor", "high_freq_factor",
     "original_max_position_embeddings", "rope_theta"});

/// Refuses anything else that the key holds.
void allow_only(const JsonField& field, std::string_view expected) {
  if (!field.is_null()) field.require_text(expected);
}

// "rope_type", or "type" in older files; both may be there when they agree.
RopeScaling read_scaling(const JsonField& rope) {
  const JsonField new_key = rope["rope_type"], old_key = rope["type"];
  const JsonField& key = new_key.is_null() ? old_key : new_key;
  const std::string type = key.text_or("default");
  allow_only(old_key, type);
  RopeScaling scaling;
  if (type == "default") return scaling;
  if (type != "linear" && type != "llama3") {
    key.refuse(fmt::format("must be \"default\", \"linear\" or \"llama3\", not {}", shown(type)));
  }
  scaling.kind = type == "linear" ? RopeScaling::Kind::Linear : RopeScaling::Kind::Llama3;
  scaling.factor = rope["factor"].number();
  if (type == "linear") return scaling;
  scaling.low_frequency_factor = rope["low_freq_factor"].number();
  scaling.high_frequency_factor = rope["high_freq_factor"].number();
  scaling.original_positions = rope["original_max_position_embeddings"].count(max_size);
  return scaling;
}

// transformers 5 nests all rotary settings in rope_parameters; older files have rope_theta at the
// top and the scaling in rope_scaling.
void read_rope(const JsonField& root, Config& config) {
  config.rope_theta = root["rope_theta"].number_or(config.rope_theta);
  const JsonField scaling = root["rope_scaling"], rope = root["rope_parameters"];
  if (rope.is_null()) {
    if (!scaling.is_null()) config.rope_scaling = read_scaling(scaling);
    return;
  }
  if (!scaling.is_null()) scaling.refuse("and `rope_parameters` are both there");
  config.rope_theta = rope["rope_theta"].number_or(config.rope_theta);
  config.rope_scaling = read_scaling(rope);
}

json rope_scaling_json(const RopeScaling& scaling) {
  switch (scaling.kind) {
    case RopeScaling::Kind::None:
      return nullptr;
    case RopeScaling::Kind::Linear:
      return {{"rope_type", "linear"}, {"factor", scaling.factor}};
    case RopeScaling::Kind::Llama3:
      return {{"rope_type", "llama3"},
              {"factor", scaling.factor},
              {"low_freq_factor", scaling.low_frequency_factor},
              {"high_freq_factor", scaling.high_frequency_factor},
              {"original_max_position_embeddings", scaling.original_positions}};
  }
  return nullptr;
}

// Without the key it is what the heads share; then it must come out even.
std::int64_t read_head_dim(const JsonField& root, const Config& config) {
  if (!root["head_dim"].is_null()) return root["head_dim"].count(max_size);
  if (config.heads == 0 || config.hidden_size % config.heads != 0) {
    root["num_attention_heads"].refuse(
        fmt::format("({}) must divide hidden_size ({})", config.heads, config.hidden_size));
  }
  return config.hidden_size / config.heads;
}

}  // namespace

Config read_hf_config(const std::filesystem::path& path) {
  return parse_hf_config(read_file(path, max_config_bytes), path.string());
}

Config parse_hf_config(std::string_view text, const std::string& origin) {
  const json object = parse_json_object(text, origin);
  const JsonField root(object, origin);
  allow_only(root["model_type"], "llama");
  allow_only(root["hidden_act"], "silu");
  root["attention_bias"].require_false();
  root["mlp_bias"].require_false();
  root["quantization_config"].require_null();

  Config config;
  config.hidden_size = root["hidden_size"].count(max_size);
  config.intermediate_size = root["intermediate_size"].count(max_size);
  config.layers = root["num_hidden_layers"].count(max_size);
  config.heads = root["num_attention_heads"].count(max_size);
  config.kv_heads = root["num_key_value_heads"].count_or(config.heads, max_size);
  config.vocab_size = root["vocab_size"].count(max_size);
  config.max_positions = root["max_position_embeddings"].count_or(2048, max_size);
  config.norm_eps = root["rms_norm_eps"].number_or(1e-6);
  config.tied = root["tie_word_embeddings"].flag_or(false);
  config.head_dim = read_head_dim(root, config);
  read_rope(root, config);
  validate(config, origin);
  return config;
}

std::string unknown_hf_keys(std::string_view text, const std::string& origin) {
  const json document = parse_json_object(text, origin);
  std::string unknown;
  const auto look = [&](const json& object, std::span<const std::string_view> known,
                        const std::string& prefix) {
    for (const auto& [key, value] : object.items()) {
      if (value.is_null() || std::ranges::find(known, key) != known.end()) continue;
      unknown += fmt::format("{}{}{}", unknown.empty() ? "" : ", ", prefix, key);
    }
  };
  look(document, known_keys, "");
  for (const char* rope : {"rope_scaling", "rope_parameters"}) {
    const auto found = document.find(rope);
    if (found != document.end() && found->is_object()) {
      look(*found, known_rope_keys, rope + std::string("."));
    }
  }
  return unknown;
}

std::string to_hf_json(const Config& config) {
  // Old keys, which every version of transformers reads.
  const json object = {
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
      {"rope_scaling", rope_scaling_json(config.rope_scaling)},
      {"rms_norm_eps", config.norm_eps},
      {"tie_word_embeddings", config.tied},
      {"torch_dtype", "float32"},
  };
  return object.dump(2) + "\n";
}

}  // namespace llama
