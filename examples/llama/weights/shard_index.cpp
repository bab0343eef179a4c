// See shard_index.h.
#include "examples/llama/weights/shard_index.h"

#include <fmt/format.h>

#include <algorithm>

#include "examples/llama/base/json.h"

namespace llama {

namespace {

constexpr std::string_view extension = ".safetensors";

/// [A-Za-z0-9._-]+\.safetensors: no separator, so it stays in the folder.
bool is_shard_name(std::string_view name) {
  constexpr std::size_t longest = 255;  // of a file name on Linux
  if (!name.ends_with(extension) || name.size() == extension.size() || name.size() > longest) {
    return false;
  }
  return std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

std::int64_t bytes_of(const pg::Tensor& tensor) {
  return tensor.numel() * pg::element_bytes(tensor.dtype());
}

}  // namespace

ShardIndex parse_shard_index(std::string_view text, const std::string& origin) {
  const nlohmann::json object = parse_json_object(text, origin);
  const JsonField map = JsonField(object, origin)["weight_map"];
  ShardIndex index;
  map.each_member([&](const std::string& tensor, const JsonField& shard) {
    if (!is_shard_name(shard.text())) {
      shard.refuse(fmt::format("is in {}, but a shard is named [A-Za-z0-9._-]+{}",
                               shown(shard.text()), extension));
    }
    index.shard_of[tensor] = shard.text();
  });
  if (index.shard_of.empty()) map.refuse("holds no tensor");
  return index;
}

std::string to_json(const ShardIndex& index, std::int64_t total_bytes) {
  const nlohmann::json object = {{"metadata", {{"total_size", total_bytes}}},
                                 {"weight_map", index.shard_of}};
  return object.dump(2) + "\n";
}

std::vector<Shard> plan_shards(const std::vector<NamedTensor>& tensors, std::int64_t shard_bytes) {
  std::vector<Shard> shards(1);
  std::int64_t filled = 0;
  for (const NamedTensor& named : tensors) {
    const std::int64_t bytes = bytes_of(named.tensor);
    if (!shards.back().tensors.empty() && bytes > shard_bytes - filled) {
      shards.emplace_back();
      filled = 0;
    }
    shards.back().tensors.push_back(named);
    filled += bytes;
  }
  for (std::size_t i = 0; i < shards.size(); ++i) {
    shards[i].file = shards.size() == 1
                         ? "model.safetensors"
                         : fmt::format("model-{:05}-of-{:05}{}", i + 1, shards.size(), extension);
  }
  return shards;
}

}  // namespace llama
