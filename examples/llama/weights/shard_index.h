// model.safetensors.index.json: which shard of a Hugging Face checkpoint holds which tensor. Shards
// are named by a file that is not trusted, so a name is one plain file name in the folder of the
// index.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "examples/llama/model/model.h"

namespace llama {

struct ShardIndex {
  std::map<std::string, std::string> shard_of;  // by the tensor's name
};

/// Throws pg::Error "<origin>: ..." that names the tensor.
ShardIndex parse_shard_index(std::string_view text, const std::string& origin);
std::string to_json(const ShardIndex& index, std::int64_t total_bytes);

/// One shard to write.
struct Shard {
  std::string file;
  std::vector<NamedTensor> tensors;
};

/// Cuts the list into shards of at most `shard_bytes` of data, in order; a tensor that is larger
/// has one of its own. One shard is named model.safetensors and needs no index.
std::vector<Shard> plan_shards(const std::vector<NamedTensor>& tensors, std::int64_t shard_bytes);

}  // namespace llama
