// The frequencies of a model's rotary positions: theta^(-2 i / head_dim), scaled as the
// configuration says.
#pragma once

#include <vector>

#include "examples/llama/model/config.h"
#include "runtime/ops/rope.h"

namespace llama {

/// Radians a position, one for each pair of features; computed in double.
std::vector<double> rotary_frequencies(const Config& config);

/// For the positions below `positions`.
pg::ops::RopeTables rotary_tables(const Config& config, std::int64_t positions, pg::Device device);

}  // namespace llama
