// See llama2c_weights.h. The file is as long as its header says or it is refused before anything is
// allocated.
#include "examples/llama/llama2c_weights.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <map>

#include "examples/llama/weights.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

// One kind of tensor in file order: `names` has one Hugging Face name per layer (or one in all);
// the rotary tables that follow the last norm have none and are skipped.
struct Section {
  std::vector<std::string> names;
  pg::Shape shape;
  std::int64_t rotary_heads = 0;  // > 0: rows come in interleaved pairs
  std::int64_t skipped = 0;       // elements
};

std::int64_t element_count(const pg::Shape& shape) {
  std::int64_t count = 1;
  for (std::int64_t size : shape) count *= size;
  return count;
}

std::vector<Section> file_sections(const Config& c) {
  auto every_layer = [&](std::string_view name) {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < c.layers; ++i) {
      names.push_back(fmt::format("model.layers.{}.{}.weight", i, name));
    }
    return names;
  };
  std::int64_t query = c.heads * c.head_dim, key = c.kv_heads * c.head_dim;
  std::vector<Section> sections = {
      {{"model.embed_tokens.weight"}, {c.vocab_size, c.hidden_size}},
      {every_layer("input_layernorm"), {c.hidden_size}},
      {every_layer("self_attn.q_proj"), {query, c.hidden_size}, c.heads},
      {every_layer("self_attn.k_proj"), {key, c.hidden_size}, c.kv_heads},
      {every_layer("self_attn.v_proj"), {key, c.hidden_size}},
      {every_layer("self_attn.o_proj"), {c.hidden_size, query}},
      {every_layer("post_attention_layernorm"), {c.hidden_size}},
      {every_layer("mlp.gate_proj"), {c.intermediate_size, c.hidden_size}},
      {every_layer("mlp.down_proj"), {c.hidden_size, c.intermediate_size}},
      {every_layer("mlp.up_proj"), {c.intermediate_size, c.hidden_size}},
      {{"model.norm.weight"}, {c.hidden_size}},
      {{}, {}, 0, c.max_positions * c.head_dim},
  };
  if (!c.tied) sections.push_back({{"lm_head.weight"}, {c.vocab_size, c.hidden_size}});
  return sections;
}

std::int64_t file_elements(const std::vector<Section>& sections) {
  std::int64_t total = 0;
  for (const Section& section : sections) {
    total += section.skipped;
    for (std::size_t i = 0; i < section.names.size(); ++i) total += element_count(section.shape);
  }
  return total;
}

}  // namespace

Model load_llama2c(const std::filesystem::path& path, pg::Device device) {
  std::string origin = path.string();
  std::ifstream in(path, std::ios::binary);
  if (!in) throw pg::Error(fmt::format("{}: cannot be read", origin));
  std::uintmax_t size = std::filesystem::file_size(path);
  std::array<unsigned char, llama2c_header_bytes> header{};
  in.read(reinterpret_cast<char*>(header.data()), header.size());
  Config config = parse_llama2c_header(
      std::span(header).first(std::min<std::size_t>(size, header.size())), origin);

  std::vector<Section> sections = file_sections(config);
  std::uintmax_t expected =
      llama2c_header_bytes + sizeof(float) * static_cast<std::uintmax_t>(file_elements(sections));
  if (size != expected) {
    throw pg::Error(fmt::format(
        "{}: {} bytes, but its header (dim {}, hidden_dim {}, n_layers {}, "
        "n_heads {}, n_kv_heads {}, vocab_size {}, seq_len {}) makes {}",
        origin, size, config.hidden_size, config.intermediate_size, config.layers, config.heads,
        config.kv_heads, config.vocab_size, config.max_positions, expected));
  }
  std::map<std::string, pg::Tensor> tensors;
  for (const Section& section : sections) {
    in.seekg(section.skipped * static_cast<std::int64_t>(sizeof(float)), std::ios::cur);
    for (const std::string& name : section.names) {
      std::vector<float> values(static_cast<std::size_t>(element_count(section.shape)));
      in.read(reinterpret_cast<char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(float)));
      if (!in) throw pg::Error(fmt::format("{}: {} cannot be read", origin, name));
      if (section.rotary_heads > 0) {
        values = interleaved_to_halves(values, section.rotary_heads, config.head_dim,
                                       config.hidden_size);
      }
      tensors[name] = pg::from_data(values, section.shape, device);
    }
  }
  std::vector<NamedTensor> parameters;
  for (const ParameterInfo& info : parameter_table(config)) {
    parameters.push_back({info.name, tensors.at(info.name)});
  }
  return Model(config, std::move(parameters));
}

}  // namespace llama
