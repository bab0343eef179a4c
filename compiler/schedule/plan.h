// The result of scheduling: how a kernel's tiles become loops and buffers on a CPU.
//
// A tile value is either computed where it is used (inline: a function of its indices) or stored in
// a buffer of the program's scratch memory. What must happen is a list of sinks: stores to tensors,
// buffers to fill, reductions. Sinks that run over the same space at the same level share one loop
// nest. Levels order the steps of a block: a step needs only what lower levels have produced,
// except that scalars come first within a level. The code generator obeys the plan and decides
// nothing.
#pragma once

#include <string>
#include <vector>

#include "compiler/ir/function.h"
#include "compiler/schedule/index_map.h"
#include "compiler/schedule/limits.h"

namespace tile::schedule {

using BufferId = Id<struct BufferTag>;
using NestId = Id<struct NestTag>;

/// A tile in scratch memory: row-major, rows padded to whole vectors, 64-byte aligned.
struct Buffer {
  std::string name;
  ir::ElementType element = ir::ElementType::F32;
  ir::Shape shape;
  std::vector<std::int64_t> strides;  // elements, per dimension; 0 where the extent is 1
  std::int64_t offset = 0;            // bytes from the start of scratch
  std::int64_t bytes = 0;
  std::int64_t spare_rows = 0;  // a dot computes whole blocks, also at the edges
  std::int64_t row_multiple = 1;
  bool is_dense = false;  // rows not padded: a reshape reads it under another shape
  BufferId same_memory;   // when set: lies where that buffer does
};

/// Where a value lives.
struct Place {
  enum class Kind : std::uint8_t {
    None,    // tensors
    Scalar,  // a C++ local
    Inline,  // recomputed at each use
    Stored,  // in `buffer`
  };
  Kind kind = Kind::None;
  BufferId buffer;
};

struct Sink {
  enum class Kind : std::uint8_t {
    Store,   // op is the Store
    Fill,    // value goes to `buffer` at `offsets`
    Reduce,  // op is the Reduce; results go to their places
    Scan,    // op is the Scan; its results are stored
  };
  Kind kind = Kind::Store;
  ir::OpId op;  // Fill: the op that takes the tile over; none if the buffer is the value's own
  ir::ValueId value;  // what is computed: the stored, filled, reduced or scanned tile
  BufferId buffer;    // Fill; none: the scalar that is the tile's only element
  BufferId source;    // Fill: when set, the tile is copied from there
  std::vector<std::int64_t> offsets;  // Fill: where the tile goes inside the buffer (concat)
};

/// Loops over `space` that compute all sinks, element by element.
struct Nest {
  ir::BlockId block;
  int level = 0;
  ir::Shape space;
  std::vector<Limit> limits;  // per dimension: only the elements inside the tensor are computed
  std::vector<Sink> sinks;
  int axis = -1;             // the dimension reduced or scanned; its loop is innermost
  bool is_reversed = false;  // the axis runs from its end
  std::vector<int> order;    // dimensions, outermost loop first
  int vector_dim = -1;       // the dimension whose loop advances by whole vectors; -1: none
  int blocked_dim = -1;  // its loop is innermost and runs over `block_extent` elements at a time
  static constexpr std::int64_t block_extent = 16;
};

/// Where a dot finds an operand: a tensor (through a Load and views) or a buffer.
struct DotOperand {
  ir::ValueId value;  // a Load, or a stored value
  IndexMap map;       // its dimensions as functions of the operand's [batch..., row, column]
};

/// acc += lhs @ rhs, in place in the buffer of the result, in blocks whose accumulators are
/// registers.
struct Dot {
  ir::OpId op;
  DotOperand lhs;
  DotOperand rhs;
  Limit rows;  // of the result; none: all
  Limit columns;
  Limit depth;  // both operands read as 0 beyond it
  int block_rows = 1;
  int block_vectors = 1;
  bool packs_lhs = false;  // else its rows are contiguous and read in place
  bool packs_rhs = true;   // else its rows are contiguous and read in place, once
  BufferId buffer;
  BufferId strips;  // for packed rows of lhs
  BufferId panel;   // for packed columns of rhs
};

struct Step {
  enum class Kind : std::uint8_t { Scalar, Nest, Dot, Control };
  Kind kind = Kind::Scalar;
  int level = 0;
  ir::OpId op;  // Scalar, Control
  NestId nest;
  std::size_t dot = 0;
};

struct Plan {
  EntityVector<ir::ValueId, Place> places;
  EntityVector<ir::BlockId, std::vector<Step>> steps;
  EntityVector<NestId, Nest> nests;
  EntityVector<BufferId, Buffer> buffers;
  std::vector<Dot> dots;
  std::int64_t scratch_bytes = 0;
};

/// Readable form, for `tilec emit --emit=plan` and `tilec explain`.
std::string print(const Plan& plan, const ir::Module& module);

}  // namespace tile::schedule
