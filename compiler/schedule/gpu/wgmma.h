// What Hopper's wgmma wants of its operands in tf32 (PTX ISA, "Asynchronous Warpgroup Level Matrix
// Instructions"). A warpgroup, four warps, multiplies 64 rows of A by up to 256 columns of B, 8 k
// at a time. B comes from shared memory, each column's k side by side; A the same way or from
// registers.
//
// The registers of an accumulator are those of a fragment of A, if the k of each group of eight are
// taken in another order: 0 2 4 6 1 3 5 7. So the result of one product is the left side of the
// next without any exchange, when the other side's k are put into that order in shared memory.
#pragma once

#include <cstdint>
#include <vector>

#include "compiler/ir/type.h"
#include "compiler/schedule/gpu/layout.h"

namespace tile::schedule {

struct Wgmma {
  static constexpr std::int64_t block_rows = 64;
  static constexpr std::int64_t max_columns = 256;
  static constexpr std::int64_t step = 8;         // k of one instruction
  static constexpr std::int64_t row_floats = 32;  // of shared memory that are swizzled together
  static constexpr int group_warps = 4;
  static constexpr std::int64_t max_accumulators = 128;  // registers of a thread
  /// What ptxas wants beside them: its fragments of A and addresses.
  static constexpr std::int64_t other_registers = 30;
};

/// Accumulators of [rows, columns] (`row_dim` 0) or of its transpose (1): each warpgroup has blocks
/// of 64 rows that follow each other.
Layout wgmma_layout(std::int64_t rows, std::int64_t columns, int row_dim, int warps);

/// Where a side lies in shared memory: the place, in floats, of each bit of the flat index of a
/// tile [rows, columns], whose dimension `k_dim` is k. Columns of 32 k follow each other; a row of
/// 32 is 128 bytes, and its chunks of 16 are xored with the row's number mod 8.
std::vector<std::int64_t> wgmma_places(const ir::Shape& shape, int k_dim, bool k_is_permuted);
std::int64_t wgmma_bytes(const ir::Shape& shape, int k_dim);

/// For what is loaded with k apart in memory: a thread has the four k of a chunk, and neighbouring
/// lanes neighbours of the other dimension, so that loads are whole sectors and stores whole
/// chunks.
Layout wgmma_load_layout(const ir::Shape& shape, int k_dim, bool k_is_permuted, int warps);

}  // namespace tile::schedule
