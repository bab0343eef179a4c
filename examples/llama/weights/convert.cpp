// See convert.h.
#include "examples/llama/weights/convert.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstring>

#include "examples/llama/weights/llama2c.h"
#include "examples/llama/weights/weights.h"
#include "runtime/device/error.h"
#include "runtime/nn/safetensors.h"

namespace llama {

namespace {

namespace fs = std::filesystem;

constexpr const char* tables_file = "llama2c_tables.safetensors";
constexpr const char* tables_name = "cos_and_sin";
constexpr const char* companions[] = {"tokenizer.json",         "tokenizer.model",
                                      "tokenizer.bin",          "tokenizer.pg.json",
                                      "tokenizer_config.json",  "special_tokens_map.json",
                                      "generation_config.json", tables_file};

bool is_llama2c(const fs::path& path) { return path.extension() == ".bin"; }

pg::Shape tables_shape(const Config& config) {
  return {2, config.max_positions, config.head_dim / 2};
}

bool same_bits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

/// The tables that the source has, as far as it has any of this model's size.
std::vector<float> tables_of(const fs::path& from, const Config& config) {
  std::vector<float> tables;
  if (!fs::is_directory(from)) {
    tables = read_llama2c_tables(from);
  } else if (fs::exists(from / tables_file)) {
    const pg::Tensor stored =
        pg::nn::SafetensorsFile((from / tables_file).string()).read(tables_name);
    if (stored.dtype() == pg::DType::F32 && stored.shape() == tables_shape(config)) {
      tables = stored.to_vector<float>();
    }
  }
  return tables.empty() ? llama2c_tables(config) : tables;
}

void fill_folder(const Model& model, const ConvertOptions& options, const fs::path& folder) {
  save_model(model, folder, options.shard_bytes);
  if (!fs::is_directory(options.from)) {
    const std::vector<float> tables = tables_of(options.from, model.config());
    if (same_bits(tables, llama2c_tables(model.config()))) return;
    pg::nn::save_safetensors(
        (folder / tables_file).string(),
        {{tables_name, pg::from_data(tables, tables_shape(model.config()), pg::cpu_device)}});
    return;
  }
  for (const char* name : companions) {
    if (fs::exists(options.from / name)) fs::copy_file(options.from / name, folder / name);
  }
}

}  // namespace

void convert(const ConvertOptions& options) {
  if (fs::exists(options.to)) {
    throw pg::Error(fmt::format("{}: exists already", options.to.string()));
  }
  warn_of_unknown_keys(options.from);
  const Model model = load_model(options.from, pg::cpu_device);
  if (is_llama2c(options.to)) {
    const bool has_tables = options.llama2c_version == 0;
    save_llama2c(model, options.to, options.llama2c_version,
                 has_tables ? tables_of(options.from, model.config()) : std::vector<float>());
    return;
  }
  const fs::path temporary = fmt::format("{}.tmp-{}", options.to.string(), ::getpid());
  try {
    fs::create_directory(temporary);
    fill_folder(model, options, temporary);
    fs::rename(temporary, options.to);
  } catch (...) {
    std::error_code ignored;
    fs::remove_all(temporary, ignored);
    throw;
  }
}

}  // namespace llama
