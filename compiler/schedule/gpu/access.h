// How the threads of a block reach a tile in a tensor's memory: the vectors that one thread takes
// at once, for the code generator, and what keeps them short, for `tilec explain`.
#pragma once

#include <vector>

#include "compiler/base/stride_class.h"
#include "compiler/ir/function.h"
#include "compiler/passes/analysis/index_range.h"
#include "compiler/schedule/gpu/layout.h"

namespace tile::schedule {

struct Access {
  /// Why a vector has less than 16 bytes.
  enum class Limit : std::uint8_t {
    None,
    NoUnitDim,  // no dimension of the tensor is known to be contiguous
    NotARange,  // the contiguous one is indexed by a number or by a tile
    Unaligned,  // vectors along it may straddle
    Start,      // the tile begins between vectors
    Extent,     // the tile ends between vectors
    Registers,  // neighbours are in other threads
  };
  /// Register bits along the contiguous dimension, lowest first.
  std::vector<int> vector_bits;
  Limit limit = Limit::None;
  /// The tile's dimension that is contiguous in memory; -1: none.
  int unit_dim = -1;
};

/// Vectors: registers that are neighbours in memory, from an aligned start, all inside or all
/// outside of the tensor. `layout` is of the tile that is loaded or stored.
Access plan_access(const ir::Function& function, ir::OpId op, const Layout& layout,
                   const StrideClass& strides, passes::IndexFacts& facts);

/// How many elements that are neighbours in memory the lanes of a warp have, all their registers
/// together.
std::int64_t run_length(const Access& access, const Layout& layout);

}  // namespace tile::schedule
