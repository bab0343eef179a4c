// See info.h.
#include "examples/llama/info.h"

#include <fmt/format.h>

#include <filesystem>
#include <map>

#include "examples/llama/base/units.h"
#include "examples/llama/model/cost.h"
#include "examples/llama/weights/hf_folder.h"
#include "examples/llama/weights/weights.h"

namespace llama {

namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;

Config config_of(const InfoOptions& options) {
  constexpr std::int64_t bytes_vocabulary = 256;
  Config config = find_config(options.model);
  if (!is_preset(options.model)) return config;
  if (options.vocab_size > 0) config.vocab_size = options.vocab_size;
  if (config.vocab_size == 0) config.vocab_size = bytes_vocabulary;
  validate(config, "preset " + options.model);
  return config;
}

std::string rope_text(const Config& c) {
  switch (c.rope_scaling.kind) {
    case RopeScaling::Kind::None:
      return fmt::format("theta {}", c.rope_theta);
    case RopeScaling::Kind::Linear:
      return fmt::format("theta {}, stretched {} times", c.rope_theta, c.rope_scaling.factor);
    case RopeScaling::Kind::Llama3:
      return fmt::format("theta {}, stretched {} times beyond {} (llama3)", c.rope_theta,
                         c.rope_scaling.factor, c.rope_scaling.original_positions);
  }
  return {};
}

/// Bytes of tensors by element type, from the headers; nothing when there is only a config.json.
ordered_json stored_in(const fs::path& path, const Config& config) {
  std::map<std::string, std::uint64_t> bytes;
  if (fs::is_directory(path)) {
    if (!fs::exists(path / "model.safetensors") &&
        !fs::exists(path / "model.safetensors.index.json")) {
      return {};
    }
    const HfFolder folder(path);
    folder.check(config);
    for (const std::string& name : folder.names()) {
      const auto* entry = folder.find(name);
      bytes[entry->element] += entry->end - entry->begin;
    }
  } else if (path.extension() == ".bin") {
    bytes["F32"] = fs::file_size(path);
  }
  return bytes;
}

}  // namespace

ordered_json model_info(const InfoOptions& options) {
  const Config c = config_of(options);
  const ParameterCounts counts = count_parameters(c);
  const std::int64_t seq = options.seq > 0 ? options.seq : c.max_positions;
  const TokenFlops flops = flops_per_token(c, seq);
  ordered_json info = {
      {"model", options.model},
      {"shape",
       {{"layers", c.layers},
        {"hidden_size", c.hidden_size},
        {"intermediate_size", c.intermediate_size},
        {"heads", c.heads},
        {"kv_heads", c.kv_heads},
        {"head_dim", c.head_dim},
        {"vocab_size", c.vocab_size},
        {"max_positions", c.max_positions},
        {"rope", rope_text(c)},
        {"tied", c.tied}}},
      {"parameters",
       {{"embedding", counts.embedding},
        {"attention", counts.attention},
        {"feed_forward", counts.feed_forward},
        {"norms", counts.norms},
        {"head", counts.head},
        {"total", counts.total()}}},
      {"bytes",
       {{"weights", counts.total() * static_cast<std::int64_t>(sizeof(float))},
        {"cache_per_token", cache_bytes_per_token(c)},
        {"cache_of_context", cache_bytes_per_token(c) * c.max_positions}}},
      {"flops_per_token",
       {{"seq", seq},
        {"forward", flops.forward()},
        {"of_it_attention", flops.attention},
        {"training", flops.training()}}},
  };
  if (!is_preset(options.model)) {
    if (ordered_json stored = stored_in(options.model, c); !stored.empty()) info["file"] = stored;
  }
  return info;
}

std::string to_text(const ordered_json& info) {
  const auto& shape = info["shape"];
  const auto number = [](const ordered_json& value) { return value.get<std::int64_t>(); };
  std::string text = fmt::format(
      "{}: {} layers of width {}, {} heads of {} ({} for keys), {} inside, {} positions ({}), "
      "vocabulary {}\n",
      info["model"].get<std::string>(), number(shape["layers"]), number(shape["hidden_size"]),
      number(shape["heads"]), number(shape["head_dim"]), number(shape["kv_heads"]),
      number(shape["intermediate_size"]), number(shape["max_positions"]),
      shape["rope"].get<std::string>(), number(shape["vocab_size"]));
  const auto& parameters = info["parameters"];
  const double total = parameters["total"].get<double>();
  for (const auto& [part, count] : parameters.items()) {
    const bool is_shared_head = part == "head" && shape["tied"].get<bool>();
    text +=
        fmt::format("  {:<14} {:>15} parameters {}\n", part, number(count),
                    is_shared_head ? "(the embedding)"
                                   : fmt::format("{:>6.2f} %", 100 * count.get<double>() / total));
  }
  const auto& bytes = info["bytes"];
  text += fmt::format("  memory: {} of weights in f32, {} of keys and values a token, {} in all\n",
                      bytes_text(number(bytes["weights"])),
                      bytes_text(number(bytes["cache_per_token"])),
                      bytes_text(number(bytes["cache_of_context"])));
  const auto& flops = info["flops_per_token"];
  const double forward = flops["forward"].get<double>();
  text += fmt::format(
      "  arithmetic a token, {} in a sequence: {}FLOP forward ({:.1f} % attention), {}FLOP "
      "training\n",
      number(flops["seq"]), count_text(forward),
      100 * flops["of_it_attention"].get<double>() / forward,
      count_text(flops["training"].get<double>()));
  if (info.contains("file")) {
    for (const auto& [element, size] : info["file"].items()) {
      text += fmt::format("  file: {} of {}\n", bytes_text(number(size)), element);
    }
  }
  return text;
}

}  // namespace llama
