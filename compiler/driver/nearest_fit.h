// What a planned kernel needs of its target, and the settings nearest to its own with which it
// would fit.
#pragma once

#include "compiler/driver/pipeline.h"

namespace tile {

inline constexpr std::int64_t registers_of_thread = 255;  // on every GPU

/// Bytes for a program's tiles: a thread's on a CPU, shared memory on a GPU.
std::int64_t memory_needed(const Compilation& made);
std::int64_t memory_limit(const schedule::Target& target);

/// The tile that takes most registers of a thread; 0 of them on a CPU.
struct LargestTile {
  ir::ValueId value;
  std::int64_t registers = 0;
};
LargestTile largest_tile(const Compilation& made);

/// Tries the same kernel with `tune` parameters halved, fewest halvings first, then most memory:
/// "with `BM = 64` instead of 128 it fits and needs 98304 bytes". Empty when nothing near fits.
std::string nearest_fit(LoadedFile& file, const Selection& selection, const Compilation& made);

}  // namespace tile
