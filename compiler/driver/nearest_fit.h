// What a planned kernel needs of its target, and the settings nearest to its own with which it
// would fit.
#pragma once

#include "compiler/driver/pipeline.h"

namespace tile {

/// Bytes for a program's tiles: a thread's on a CPU, shared memory on a GPU.
std::int64_t memory_needed(const Compilation& made);
std::int64_t memory_limit(const schedule::Target& target);

/// The tile that takes most registers of a thread; 0 of them on a CPU.
struct LargestTile {
  ir::ValueId value;
  std::int64_t registers = 0;
  std::int64_t registers_of_element = 1;
};
LargestTile largest_tile(const Compilation& made);
/// Registers of a thread of the block; 0 on a CPU.
std::int64_t register_limit(const Compilation& made);

/// Tries the same kernel with `tune` parameters halved, fewest halvings first, then most memory:
/// "with `BM = 64` instead of 128 it fits and needs 98304 bytes". Empty when nothing near fits.
std::string nearest_fit(LoadedFile& file, const Selection& selection, const Compilation& made);

}  // namespace tile
