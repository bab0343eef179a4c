// See hf_config.h.
#include "examples/llama/weights/hf_config.h"

#include <fmt/format.h>

#include "examples/llama/base/files.h"
#include "examples/llama/base/json.h"

namespace llama {

namespace {

using nlohmann::json;

// "rope_type", or "type" in older files; both may be there when they agree.
std::string rope_type(const JsonKeys& rope) {
  const char* key = rope.has("rope_type") ? "rope_type" : "type";
  const std::string type = rope.has(key) ? rope.text(key) : "default";
  rope.require_text("type", type);
  return type;
}

RopeScaling read_scaling(const JsonKeys& rope) {
  const std::string type = rope_type(rope);
  RopeScaling scaling;
  if (type == "default") return scaling;
  if (type != "linear" && type != "llama3") {
    rope.refuse(rope.has("rope_type") ? "rope_type" : "type",
                fmt::format("must be \"default\", \"linear\" or \"llama3\", not {}", shown(type)));
  }
  scaling.kind = type == "linear" ? RopeScaling::Kind::Linear : RopeScaling::Kind::Llama3;
  scaling.factor = rope.number("factor");
  if (type == "linear") return scaling;
  scaling.low_frequency_factor = rope.number("low_freq_factor");
  scaling.high_frequency_factor = rope.number("high_freq_factor");
  scaling.original_positions = rope.size("original_max_position_embeddings");
  return scaling;
}

// transformers 5 nests all rotary settings in rope_parameters; older files have rope_theta at the
// top and the scaling in rope_scaling.
void read_rope(const JsonKeys& keys, Config& config) {
  config.rope_theta = keys.number_or("rope_theta", config.rope_theta);
  if (!keys.has("rope_parameters")) {
    if (keys.has("rope_scaling")) config.rope_scaling = read_scaling(keys.object("rope_scaling"));
    return;
  }
  if (keys.has("rope_scaling")) keys.refuse("rope_scaling", "and `rope_parameters` are both there");
  const JsonKeys rope = keys.object("rope_parameters");
  config.rope_theta = rope.number_or("rope_theta", config.rope_theta);
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
std::int64_t read_head_dim(const JsonKeys& keys, const Config& config) {
  if (keys.has("head_dim")) return keys.size("head_dim");
  if (config.heads == 0 || config.hidden_size % config.heads != 0) {
    keys.refuse("num_attention_heads",
                fmt::format("({}) must divide hidden_size ({})", config.heads, config.hidden_size));
  }
  return config.hidden_size / config.heads;
}

}  // namespace

Config read_hf_config(const std::filesystem::path& path) {
  constexpr std::size_t largest = 1 << 20;
  return parse_hf_config(read_file(path, largest), path.string());
}

Config parse_hf_config(std::string_view text, const std::string& origin) {
  const json object = parse_json_object(text, origin);
  const JsonKeys keys(object, origin);
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
  config.head_dim = read_head_dim(keys, config);
  read_rope(keys, config);
  validate(config, origin);
  return config;
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
