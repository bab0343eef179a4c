// Descriptors of tensors for the GPU's tensor memory accelerator, as a launch passes them.
#pragma once

#include <span>
#include <string>

#include "compiler/driver/compile.h"
#include "runtime/device/cuda_api.h"

namespace pg::cuda {

inline constexpr std::size_t max_tensor_maps = 4;

/// Encodes `map` for the matrix that the argument words describe; the last few are remembered, per
/// thread. A matrix without elements gets a descriptor that nothing may read.
const TensorMap& tensor_map(const std::string& kernel, const tile::TensorMap& map,
                            tile::ArgumentWords words);

}  // namespace pg::cuda
