// `llama train --dry-run`: what a run will need, by category, against what there is. Refused before
// anything is allocated when it cannot fit, with what would.
#pragma once

#include <cstdint>
#include <string>

#include "examples/llama/model/config.h"
#include "examples/llama/model/cost.h"
#include "examples/llama/train/options.h"

namespace llama {

/// Bytes that can still be used: free on a GPU, available on the host (swap not counted).
std::int64_t available_bytes(pg::Device device);

/// A table of the categories and the peak.
std::string memory_table(const Config& config, const TrainOptions& options);

/// Throws pg::OutOfMemory unless the run's peak is at most `available`. The message says which
/// --accumulate would do, or that no batch does.
void check_fits(const Config& config, const TrainOptions& options, std::int64_t available);

}  // namespace llama
