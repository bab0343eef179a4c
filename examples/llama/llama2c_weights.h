// llama2.c's v0 checkpoint: a header of seven int32, then f32 tensors, each kind for all layers at
// once.
#pragma once

#include <filesystem>

#include "examples/llama/model.h"

namespace llama {

Model load_llama2c(const std::filesystem::path& path, pg::Device device);

}  // namespace llama
