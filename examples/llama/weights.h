// Weights in and out. Loading takes a llama2.c v0 checkpoint (.bin) or a Hugging Face folder
// (config.json and model.safetensors) and leaves a model with rotated-half rotary weights, whatever
// the file had.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "examples/llama/config.h"
#include "examples/llama/model.h"

namespace llama {

/// Throws pg::Error naming file and field; all missing, extra and misshaped tensors in one table.
Model load_model(const std::filesystem::path& path, pg::Device device = pg::default_device());

/// Writes config.json and model.safetensors into `folder`, which must exist.
void save_model(const Model& model, const std::filesystem::path& folder);

/// Reorders the rows of a [heads * head_dim, columns] projection from interleaved pairs (row 2i, 2i
/// + 1 of a head) to rotated halves (row i, i + head_dim / 2).
std::vector<float> interleaved_to_halves(std::span<const float> rows, std::int64_t heads,
                                         std::int64_t head_dim, std::int64_t columns);

}  // namespace llama
