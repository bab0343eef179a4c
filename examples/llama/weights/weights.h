// Models in files: a llama2.c checkpoint (.bin) or a Hugging Face folder (config.json and
// model.safetensors or its shards). A loaded model has rotated-half rotary weights in f32, whatever
// the file had. All errors name file and field.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

#include "examples/llama/model/model.h"

namespace llama {

/// The configuration alone: of a folder, a .bin or a config.json.
Config read_config(const std::filesystem::path& path);

/// The same, or the preset of that name; warns of unknown keys. Throws pg::Error that lists the
/// presets when it is neither.
Config find_config(const std::string& model);
/// One warning that names the keys of a config.json that this program does not know. For those who
/// go on to load the model: readers of a configuration do not repeat it.
void warn_of_unknown_keys(const std::filesystem::path& model);

Model load_model(const std::filesystem::path& path, pg::Device device = pg::default_device());

/// Writes config.json and model.safetensors into `folder`, which must exist; with a limit, shards
/// of at most so many bytes and their index.
void save_model(const Model& model, const std::filesystem::path& folder,
                std::int64_t shard_bytes = std::numeric_limits<std::int64_t>::max());

}  // namespace llama
