// See weights.h.
#include "examples/llama/weights/weights.h"

#include <fmt/format.h>

#include <set>

#include "examples/llama/base/files.h"
#include "examples/llama/base/say.h"
#include "examples/llama/model/cost.h"
#include "examples/llama/weights/hf_config.h"
#include "examples/llama/weights/hf_folder.h"
#include "examples/llama/weights/llama2c.h"
#include "examples/llama/weights/shard_index.h"
#include "runtime/device/error.h"
#include "runtime/nn/file.h"
#include "runtime/nn/safetensors.h"

namespace llama {

namespace {

constexpr const char* index_name = "model.safetensors.index.json";

void require_exists(const std::filesystem::path& path) {
  if (std::filesystem::exists(path)) return;
  throw pg::Error(fmt::format("{}: no such file or folder", path.string()));
}

/// A run that is not finished keeps its weights elsewhere.
void require_model(const std::filesystem::path& folder) {
  if (std::filesystem::exists(folder / "config.json")) return;
  const bool is_run = std::filesystem::exists(folder / "checkpoints");
  throw pg::Error(fmt::format("{}: no config.json in the folder{}", folder.string(),
                              is_run ? "; the run is not finished, but what is in its folder "
                                       "checkpoints are models too"
                                     : ""));
}

/// A name that save_model may have written.
bool is_ours(const std::string& name) {
  constexpr std::string_view shard = "model-00001-of-00001.safetensors";
  return name == index_name || name == "model.safetensors" ||
         (name.size() == shard.size() && name.starts_with("model-") &&
          name.substr(11, 4) == "-of-" && name.ends_with(".safetensors"));
}

/// Weights of an earlier save under names that this one did not use.
void remove_stale(const std::filesystem::path& folder, const std::set<std::string>& written) {
  std::vector<std::filesystem::path> stale;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (is_ours(name) && !written.contains(name)) stale.push_back(entry.path());
  }
  for (const auto& path : stale) std::filesystem::remove(path);
}

}  // namespace

Config read_config(const std::filesystem::path& path) {
  require_exists(path);
  if (std::filesystem::is_directory(path)) {
    require_model(path);
    return read_hf_config(path / "config.json");
  }
  if (path.extension() == ".json") return read_hf_config(path);
  return read_llama2c_header(path).config;
}

Config find_config(const std::string& model) {
  if (is_preset(model)) return preset(model);
  if (!std::filesystem::exists(model)) return preset(model);  // says which there are
  warn_of_unknown_keys(model);
  return read_config(model);
}

void warn_of_unknown_keys(const std::filesystem::path& model) {
  const bool is_folder = std::filesystem::is_directory(model);
  const std::filesystem::path path = is_folder ? model / "config.json" : model;
  if (path.extension() != ".json" || !std::filesystem::exists(path)) return;
  const std::string keys = unknown_hf_keys(read_file(path, max_config_bytes), path.string());
  if (!keys.empty()) warn("{}: passed over, though they may matter: {}", path.string(), keys);
}

Model load_model(const std::filesystem::path& path, pg::Device device) {
  require_exists(path);
  if (!std::filesystem::is_directory(path)) return load_llama2c(path, device);
  const Config config = read_config(path);
  return Model(config, HfFolder(path).read_parameters(config, device));
}

void save_model(const Model& model, const std::filesystem::path& folder, std::int64_t shard_bytes) {
  pg::nn::write_whole_file("save_model", folder / "config.json", to_hf_json(model.config()));
  const std::vector<Shard> shards = plan_shards(model.parameters(), shard_bytes);
  ShardIndex index;
  std::set<std::string> written;
  for (const Shard& shard : shards) {
    pg::nn::save_safetensors((folder / shard.file).string(), shard.tensors, {{"format", "pt"}});
    for (const NamedTensor& named : shard.tensors) index.shard_of[named.name] = shard.file;
    written.insert(shard.file);
  }
  if (shards.size() > 1) {
    const auto bytes =
        static_cast<std::int64_t>(sizeof(float)) * count_parameters(model.config()).total();
    pg::nn::write_whole_file("save_model", folder / index_name, to_json(index, bytes));
    written.insert(index_name);
  }
  remove_stale(folder, written);
}

}  // namespace llama
