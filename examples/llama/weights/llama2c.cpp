// See llama2c.h. A file is as long as its header says or it is refused before anything is
// allocated.
#include "examples/llama/weights/llama2c.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <map>

#include "examples/llama/weights/rotary_rows.h"
#include "runtime/device/error.h"
#include "runtime/nn/file.h"

namespace llama {

namespace {

static_assert(std::endian::native == std::endian::little);

constexpr std::uint32_t magic = 0x616b3432;  // "ak42"; no model is so wide that v0 could begin so
constexpr double format_theta = 10000, format_eps = 1e-5;

/// dim, hidden_dim, n_layers, n_heads, n_kv_heads, vocab_size, max_seq_len.
using Fields = std::array<std::int32_t, 7>;
constexpr std::size_t v0_header_bytes = sizeof(Fields);
constexpr std::size_t v1_fields_at = 8, v1_flag_at = v1_fields_at + sizeof(Fields);

// One kind of tensor in file order: one in all with Hugging Face's name, one per layer with the
// name in there, or the rotary tables, which have none.
struct Section {
  std::string_view name;
  pg::Shape shape;
  std::int64_t rotary_heads = 0;  // > 0: rows come in interleaved pairs
  std::int64_t layers = 0;        // 0: not in layers

  bool is_tables() const { return name.empty(); }
  std::vector<std::string> names() const {
    if (is_tables()) return {};
    if (layers == 0) return {std::string(name)};
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < layers; ++i) {
      names.push_back(fmt::format("model.layers.{}.{}.weight", i, name));
    }
    return names;
  }
  std::uint64_t tensor_count() const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(layers, 1));
  }
};

std::uint64_t element_count(const pg::Shape& shape) {
  std::uint64_t count = 1;
  for (std::int64_t size : shape) count *= static_cast<std::uint64_t>(size);
  return count;
}

std::vector<Section> file_sections(const Config& c, int version) {
  const auto every_layer = [&](std::string_view name, pg::Shape shape, std::int64_t heads = 0) {
    return Section{name, shape, heads, c.layers};
  };
  const std::int64_t query = c.heads * c.head_dim, key = c.kv_heads * c.head_dim;
  const Section embedding{"model.embed_tokens.weight", {c.vocab_size, c.hidden_size}};
  const Section attention_norms = every_layer("input_layernorm", {c.hidden_size});
  const Section mlp_norms = every_layer("post_attention_layernorm", {c.hidden_size});
  const Section final_norm{"model.norm.weight", {c.hidden_size}};
  const Section tables{{}, {2, c.max_positions, c.head_dim / 2}};
  const std::vector<Section> attention = {
      every_layer("self_attn.q_proj", {query, c.hidden_size}, c.heads),
      every_layer("self_attn.k_proj", {key, c.hidden_size}, c.kv_heads),
      every_layer("self_attn.v_proj", {key, c.hidden_size}),
      every_layer("self_attn.o_proj", {c.hidden_size, query}),
  };
  const std::vector<Section> mlp = {
      every_layer("mlp.gate_proj", {c.intermediate_size, c.hidden_size}),
      every_layer("mlp.down_proj", {c.hidden_size, c.intermediate_size}),
      every_layer("mlp.up_proj", {c.intermediate_size, c.hidden_size}),
  };
  std::vector<Section> sections;
  const auto add = [&](const std::vector<Section>& more) {
    sections.insert(sections.end(), more.begin(), more.end());
  };
  if (version == 0) {
    add({embedding, attention_norms});
    add(attention);
    add({mlp_norms});
    add(mlp);
    add({final_norm, tables});
  } else {
    add({attention_norms, mlp_norms, final_norm, embedding});
    add(attention);
    add(mlp);
  }
  if (!c.tied) add({Section{"lm_head.weight", {c.vocab_size, c.hidden_size}}});
  return sections;
}

std::size_t header_bytes(int version) {
  return version == 0 ? v0_header_bytes : llama2c_header_bytes;
}

std::uint64_t file_bytes(const Config& config, int version) {
  std::uint64_t elements = 0;
  for (const Section& section : file_sections(config, version)) {
    elements += element_count(section.shape) * section.tensor_count();
  }
  return header_bytes(version) + elements * sizeof(float);
}

Config config_of(const Fields& fields, bool tied, const std::string& origin) {
  Config config;
  config.hidden_size = fields[0];
  config.intermediate_size = fields[1];
  config.layers = fields[2];
  config.heads = fields[3];
  config.kv_heads = fields[4];
  config.vocab_size = std::abs(std::int64_t{fields[5]});
  config.max_positions = fields[6];
  config.tied = tied;
  config.rope_theta = format_theta;
  config.norm_eps = format_eps;
  if (config.heads < 1 || config.hidden_size < 1 || config.hidden_size % config.heads != 0) {
    throw pg::Error(fmt::format("{}: header field n_heads ({}) must divide dim ({})", origin,
                                config.heads, config.hidden_size));
  }
  config.head_dim = config.hidden_size / config.heads;
  validate(config, origin + ": llama2.c header");
  return config;
}

Fields fields_at(std::span<const std::byte> bytes, std::size_t at) {
  Fields fields;
  std::memcpy(fields.data(), bytes.data() + at, sizeof fields);
  return fields;
}

Config parse_v1(std::span<const std::byte> start, const std::string& origin) {
  std::int32_t version = 0;
  std::memcpy(&version, start.data() + sizeof magic, sizeof version);
  if (version != 1) {
    throw pg::Error(fmt::format(
        "{}: version {} of the llama2.c format; 0 and 1 (f32) are supported", origin, version));
  }
  const Fields fields = fields_at(start, v1_fields_at);
  if (fields[5] < 0) {
    throw pg::Error(fmt::format("{}: header field vocab_size is {}", origin, fields[5]));
  }
  const auto flag = std::to_integer<int>(start[v1_flag_at]);
  if (flag > 1) {
    throw pg::Error(
        fmt::format("{}: header field shared_classifier is {}, not 0 or 1", origin, flag));
  }
  for (std::size_t i = v1_flag_at + 1; i < llama2c_header_bytes; ++i) {
    if (start[i] == std::byte{0}) continue;
    throw pg::Error(fmt::format("{}: header byte {} is not 0", origin, i));
  }
  return config_of(fields, flag == 1, origin);
}

Llama2cHeader header_of(const pg::nn::InputFile& file) {
  std::array<std::byte, llama2c_header_bytes> bytes;
  const std::span start(bytes.data(), std::min<std::uint64_t>(file.size(), bytes.size()));
  file.read(0, start);
  Llama2cHeader header = parse_llama2c_header(start, file.path());
  if (header.file_bytes != file.size()) {
    const Config& c = header.config;
    file.reject(
        fmt::format("{} bytes, but its header (version {}, dim {}, hidden_dim {}, n_layers "
                    "{}, n_heads {}, n_kv_heads {}, vocab_size {}, seq_len {}) makes {}",
                    file.size(), header.version, c.hidden_size, c.intermediate_size, c.layers,
                    c.heads, c.kv_heads, c.vocab_size, c.max_positions, header.file_bytes));
  }
  return header;
}

pg::nn::InputFile open(const std::filesystem::path& path) {
  return pg::nn::InputFile("llama2.c", path.string());
}

}  // namespace

Llama2cHeader parse_llama2c_header(std::span<const std::byte> start, const std::string& origin) {
  std::uint32_t first = 0;
  if (start.size() >= sizeof first) std::memcpy(&first, start.data(), sizeof first);
  Llama2cHeader header;
  header.version = first == magic ? 1 : 0;
  if (start.size() < header_bytes(header.version)) {
    throw pg::Error(fmt::format("{}: {} bytes, too short for a llama2.c header of {}", origin,
                                start.size(), header_bytes(header.version)));
  }
  if (header.version == 1) {
    header.config = parse_v1(start, origin);
  } else {
    const Fields fields = fields_at(start, 0);
    header.config = config_of(fields, /*tied=*/fields[5] > 0, origin);
  }
  header.file_bytes = file_bytes(header.config, header.version);
  return header;
}

Llama2cHeader read_llama2c_header(const std::filesystem::path& path) {
  return header_of(open(path));
}

Model load_llama2c(const std::filesystem::path& path, pg::Device device) {
  const pg::nn::InputFile file = open(path);
  const auto [version, config, size] = header_of(file);
  std::uint64_t at = header_bytes(version);
  std::map<std::string, pg::Tensor> tensors;
  for (const Section& section : file_sections(config, version)) {
    const std::uint64_t count = element_count(section.shape);
    if (section.is_tables()) at += count * sizeof(float);
    for (const std::string& name : section.names()) {
      std::vector<float> values(count);
      file.read(at, std::as_writable_bytes(std::span(values)));
      at += count * sizeof(float);
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

std::vector<float> llama2c_tables(const Config& config) {
  // Rounded to f32 after each step, as in the training code of llama2.c.
  std::vector<float> cosines, sines;
  for (std::int64_t t = 0; t < config.max_positions; ++t) {
    for (std::int64_t i = 0; i < config.head_dim; i += 2) {
      const float exponent = static_cast<float>(i) / static_cast<float>(config.head_dim);
      const float frequency = 1.0f / static_cast<float>(std::pow(format_theta, double{exponent}));
      const float angle = static_cast<float>(t) * frequency;
      cosines.push_back(static_cast<float>(std::cos(double{angle})));
      sines.push_back(static_cast<float>(std::sin(double{angle})));
    }
  }
  cosines.insert(cosines.end(), sines.begin(), sines.end());
  return cosines;
}

std::vector<float> read_llama2c_tables(const std::filesystem::path& path) {
  const pg::nn::InputFile file = open(path);
  const Llama2cHeader header = header_of(file);
  std::uint64_t at = header_bytes(header.version);
  for (const Section& section : file_sections(header.config, header.version)) {
    const std::uint64_t count = element_count(section.shape);
    if (section.is_tables()) {
      std::vector<float> tables(count);
      file.read(at, std::as_writable_bytes(std::span(tables)));
      return tables;
    }
    at += count * section.tensor_count() * sizeof(float);
  }
  return {};
}

void save_llama2c(const Model& model, const std::filesystem::path& path, int version,
                  std::span<const float> tables) {
  const Config& c = model.config();
  const auto require = [&](bool holds, std::string_view what) {
    if (!holds) {
      throw pg::Error(fmt::format("{}: the llama2.c format has {}", path.string(), what));
    }
  };
  require(c.rope_theta == format_theta && c.rope_scaling == RopeScaling{},
          "no place for a `rope_theta` other than 10000 or for `rope_scaling`");
  require(std::abs(c.norm_eps - format_eps) < 1e-12,
          fmt::format("`rms_norm_eps` 1e-5 always, this model {}", c.norm_eps));
  require(c.head_dim * c.heads == c.hidden_size, "`head_dim` hidden_size / heads always");

  const auto size = [](std::int64_t value) { return static_cast<std::int32_t>(value); };
  const bool negative = version == 0 && !c.tied;
  const Fields fields = {size(c.hidden_size),  size(c.intermediate_size),
                         size(c.layers),       size(c.heads),
                         size(c.kv_heads),     size(negative ? -c.vocab_size : c.vocab_size),
                         size(c.max_positions)};
  std::array<std::byte, llama2c_header_bytes> header{};
  const std::uint32_t start[2] = {magic, 1};
  if (version == 1) std::memcpy(header.data(), start, sizeof start);
  std::memcpy(header.data() + (version == 1 ? v1_fields_at : 0), fields.data(), sizeof fields);
  if (version == 1) header[v1_flag_at] = std::byte{c.tied};

  std::map<std::string, pg::Tensor> tensors;
  for (const NamedTensor& named : model.parameters()) tensors[named.name] = named.tensor;
  pg::nn::OutputFile file("llama2.c", path.string());
  file.write(std::span(header).first(header_bytes(version)));
  for (const Section& section : file_sections(c, version)) {
    if (section.is_tables()) file.write(std::as_bytes(tables));
    for (const std::string& name : section.names()) {
      std::vector<float> values = tensors.at(name).to_vector<float>();
      if (section.rotary_heads > 0) {
        values = halves_to_interleaved(values, section.rotary_heads, c.head_dim, c.hidden_size);
      }
      file.write(std::as_bytes(std::span(values)));
    }
  }
  file.commit();
}

}  // namespace llama
