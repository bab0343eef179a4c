// See hf_folder.h.
#include "examples/llama/weights/hf_folder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "examples/llama/base/files.h"
#include "examples/llama/weights/shard_index.h"
#include "runtime/device/error.h"

namespace llama {

namespace {

constexpr const char* embedding_name = "model.embed_tokens.weight";
constexpr const char* head_name = "lm_head.weight";
constexpr std::size_t largest_index = std::size_t{16} << 20;

std::string shape_text(std::span<const std::int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

bool is_float(std::string_view element) {
  return element == "F32" || element == "F16" || element == "BF16";
}

/// Old checkpoints of transformers also store what config.json says.
bool is_derived(std::string_view name) { return name.ends_with(".rotary_emb.inv_freq"); }

bool same_bits(const pg::Tensor& a, const pg::Tensor& b) {
  return std::memcmp(a.data(), b.data(), static_cast<std::size_t>(a.numel()) * sizeof(float)) == 0;
}

}  // namespace

HfFolder::HfFolder(std::filesystem::path folder) : folder_(std::move(folder)) {
  const std::filesystem::path index = folder_ / "model.safetensors.index.json";
  if (std::filesystem::exists(folder_ / "model.safetensors") || !std::filesystem::exists(index)) {
    add(pg::nn::SafetensorsFile((folder_ / "model.safetensors").string()));
  } else {
    open_shards(index);
  }
}

void HfFolder::add(pg::nn::SafetensorsFile file) {
  files_.push_back(std::move(file));
  for (const auto& entry : files_.back().entries()) {
    const Place place{files_.size() - 1, &entry};
    if (!places_.emplace(entry.name, place).second) {
      throw pg::Error(
          fmt::format("{}: tensor `{}` is in another shard too", files_.back().path(), entry.name));
    }
  }
}

void HfFolder::open_shards(const std::filesystem::path& index_path) {
  const std::string origin = index_path.string();
  const ShardIndex index = parse_shard_index(read_file(index_path, largest_index), origin);
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : index.shard_of) shards.insert(shard);
  for (const std::string& shard : shards) {
    add(pg::nn::SafetensorsFile::open_named((folder_ / shard).string()));
    for (const auto& entry : files_.back().entries()) {
      const auto said = index.shard_of.find(entry.name);
      if (said == index.shard_of.end() || said->second != shard) {
        throw pg::Error(fmt::format("{}: {} holds tensor `{}`, which the index puts {}", origin,
                                    shard, entry.name,
                                    said == index.shard_of.end() ? "nowhere" : said->second));
      }
    }
  }
  for (const auto& [tensor, shard] : index.shard_of) {
    if (!places_.contains(tensor)) {
      throw pg::Error(
          fmt::format("{}: `{}` should be in {}, which does not hold it", origin, tensor, shard));
    }
  }
}

const pg::nn::SafetensorsEntry* HfFolder::find(std::string_view name) const {
  const auto found = places_.find(name);
  return found == places_.end() ? nullptr : found->second.entry;
}

pg::Tensor HfFolder::read(std::string_view name) const {
  const auto found = places_.find(name);
  if (found == places_.end()) {
    throw pg::Error(fmt::format("{}: there is no tensor `{}`", folder_.string(), name));
  }
  return files_[found->second.file].read(name);
}

std::vector<std::string> HfFolder::names() const {
  std::vector<std::string> names;
  for (const auto& [name, place] : places_) names.push_back(name);
  return names;
}

void HfFolder::check(const Config& config) const {
  std::string problems;
  const auto report = [&](std::string_view name, std::string_view what) {
    problems += fmt::format("\n  {:<52} {}", name, what);
  };
  std::set<std::string, std::less<>> known;
  const auto compare = [&](const std::string& name, const pg::Shape& shape) {
    known.insert(name);
    const auto* entry = find(name);
    const std::vector<std::int64_t> expected(shape.begin(), shape.end());
    if (!entry) {
      report(name, "missing, expected " + shape_text(expected));
    } else if (entry->shape != expected) {
      report(name, fmt::format("{}, expected {}", shape_text(entry->shape), shape_text(expected)));
    } else if (!is_float(entry->element)) {
      report(name, fmt::format("element type {}, expected F32, F16 or BF16", entry->element));
    }
  };
  for (const ParameterInfo& info : parameter_table(config)) {
    const bool is_embedding = config.tied && info.name == embedding_name;
    const bool has_head = is_embedding && find(head_name);
    if (!has_head || find(info.name)) compare(info.name, info.shape);
    if (has_head) compare(head_name, info.shape);
  }
  for (const auto& [name, place] : places_) {
    if (known.contains(name) || is_derived(name)) continue;
    report(name, "not part of this model, " + shape_text(place.entry->shape));
  }
  if (!problems.empty()) {
    throw pg::Error(
        fmt::format("{}: tensors do not fit config.json:{}", folder_.string(), problems));
  }
}

std::vector<NamedTensor> HfFolder::read_parameters(const Config& config, pg::Device device) const {
  check(config);
  const bool stores_head = config.tied && find(head_name);
  if (stores_head && find(embedding_name) && !same_bits(read(embedding_name), read(head_name))) {
    throw pg::Error(
        fmt::format("{}: `tie_word_embeddings` is true in config.json, but lm_head.weight differs "
                    "from {}",
                    folder_.string(), embedding_name));
  }
  std::vector<NamedTensor> parameters;
  for (const ParameterInfo& info : parameter_table(config)) {
    const std::string& stored = find(info.name) ? info.name : head_name;
    parameters.push_back({info.name, pg::to_device(read(stored), device)});
  }
  return parameters;
}

}  // namespace llama
