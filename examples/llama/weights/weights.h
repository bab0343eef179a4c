// Models in files: a llama2.c checkpoint (.bin) or a Hugging Face folder (config.json and
// model.safetensors or its shards). A loaded model has rotated-half rotary weights in f32, whatever
// the file had. All errors name file and field.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>

#include "examples/llama/model/model.h"

namespace llama {

/// The configuration alone: of a folder, a .bin or a config.json.
Config read_config(const std::filesystem::path& path);

Model load_model(const std::filesystem::path& path, pg::Device device = pg::default_device());

/// Writes config.json and model.safetensors into `folder`, which must exist; with a limit, shards
/// of at most so many bytes and their index.
void save_model(const Model& model, const std::filesystem::path& folder,
                std::int64_t shard_bytes = std::numeric_limits<std::int64_t>::max());

}  // namespace llama
