// See weights.h.
#include "examples/llama/weights.h"

#include <fmt/format.h>

#include <algorithm>

#include "examples/llama/base/files.h"
#include "examples/llama/llama2c_weights.h"
#include "runtime/device/error.h"
#include "runtime/nn/safetensors.h"

namespace llama {

namespace {

std::string to_text(std::span<const std::int64_t> shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += fmt::format("{}{}", i ? ", " : "", shape[i]);
  }
  return text + "]";
}

// What the configuration expects against what the file holds; all differences at once.
void check_tensors(const pg::nn::SafetensorsFile& file, const std::vector<ParameterInfo>& table,
                   const Config& config) {
  std::string problems;
  auto add = [&](std::string_view name, std::string_view what) {
    problems += fmt::format("\n  {:<52} {}", name, what);
  };
  for (const ParameterInfo& info : table) {
    const auto* entry = file.find(info.name);
    std::vector<std::int64_t> expected(info.shape.begin(), info.shape.end());
    if (!entry) {
      add(info.name, "missing, expected " + to_text(expected));
    } else if (entry->shape != expected) {
      add(info.name, fmt::format("{}, expected {}", to_text(entry->shape), to_text(expected)));
    } else if (entry->element != "F32" && entry->element != "F16" && entry->element != "BF16") {
      add(info.name, fmt::format("element type {}, expected F32", entry->element));
    }
  }
  for (const auto& entry : file.entries()) {
    bool known = entry.name == "lm_head.weight" && config.tied;  // a stored copy of the embedding
    for (const ParameterInfo& info : table) known = known || info.name == entry.name;
    if (!known) add(entry.name, "not part of this model, " + to_text(entry.shape));
  }
  if (!problems.empty()) {
    throw pg::Error(fmt::format("{}: tensors do not fit config.json:{}", file.path(), problems));
  }
}

Model load_hf(const std::filesystem::path& folder, pg::Device device) {
  Config config = read_hf_config(folder / "config.json");
  pg::nn::SafetensorsFile file((folder / "model.safetensors").string());
  std::vector<ParameterInfo> table = parameter_table(config);
  check_tensors(file, table, config);
  std::vector<NamedTensor> parameters;
  for (const ParameterInfo& info : table) {
    parameters.push_back({info.name, pg::to_device(file.read(info.name), device)});
  }
  return Model(config, std::move(parameters));
}

}  // namespace

Model load_model(const std::filesystem::path& path, pg::Device device) {
  if (std::filesystem::is_directory(path)) return load_hf(path, device);
  if (!std::filesystem::exists(path)) {
    throw pg::Error(fmt::format("{}: no such file or folder", path.string()));
  }
  return load_llama2c(path, device);
}

void save_model(const Model& model, const std::filesystem::path& folder) {
  write_file(folder / "config.json", to_hf_json(model.config()));
  pg::nn::save_safetensors((folder / "model.safetensors").string(), model.parameters(),
                           {{"format", "pt"}});
}

std::vector<float> interleaved_to_halves(std::span<const float> rows, std::int64_t heads,
                                         std::int64_t head_dim, std::int64_t columns) {
  std::vector<float> result(rows.size());
  std::int64_t half = head_dim / 2;
  for (std::int64_t head = 0; head < heads; ++head) {
    for (std::int64_t i = 0; i < head_dim; ++i) {
      std::int64_t from = head * head_dim + i;
      std::int64_t to = head * head_dim + (i % 2) * half + i / 2;
      std::copy_n(rows.begin() + from * columns, columns, result.begin() + to * columns);
    }
  }
  return result;
}

}  // namespace llama
