// The result of scheduling for a GPU: how a kernel's tiles are spread over the threads of a block.
// Every program is one block. A tile lives in registers under a Layout; what an op wants in another
// layout is converted on the way. The operands of a dot are staged in shared memory. The code
// generator obeys the plan and decides nothing.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/base/stride_class.h"
#include "compiler/ir/function.h"
#include "compiler/schedule/gpu/layout.h"
#include "compiler/schedule/gpu/pipeline.h"
#include "compiler/schedule/target.h"

namespace tile::schedule {

/// A piece of the block's shared memory. Region 0 is scratch: conversions and reductions use it in
/// turn, each for a moment.
struct Region {
  std::string name;
  std::int64_t offset = 0;  // bytes, a multiple of 128 (of 1024: the pipeline's)
  std::int64_t bytes = 0;
};

/// A rank-2 or batched tile [batch..., rows, columns] in shared memory, as dots read it. It is
/// written right after the op (or at the start of the block) that defines `value`.
struct StagedTile {
  ir::ValueId value;
  bool is_transposed = false;  // columns outermost: element (r, c) at c * pitch + r
  std::int64_t pitch = 0;      // elements from one outer index to the next, padding included
  std::int64_t batch_pitch = 0;
  bool rounds_tf32 = false;  // elements are rounded to tf32 when written
  /// Of wgmma's sides, instead of pitches: the place, in floats, of each bit of the flat index
  /// (wgmma.h). The region begins at a multiple of 1024 bytes.
  std::vector<std::int64_t> places;
  /// A loop's body whose turns use two buffers by turns: writing the next tile then need not wait
  /// for those who still read the last. None: one buffer.
  ir::BlockId alternates_in;
  std::int64_t buffer_bytes = 0;  // of one buffer
  RegionId region;
};

struct GpuDot {
  enum class Kind : std::uint8_t {
    Simt,     // one fma chain per output on the CUDA cores
    MmaTf32,  // mma.sync.m16n8k8
    Wgmma,    // wgmma.m64nNk8 in tf32; both sides' k contiguous, the left one also from registers
  };
  static constexpr std::size_t in_registers = static_cast<std::size_t>(-1);
  ir::OpId op;
  Kind kind = Kind::Simt;
  Layout result;  // of acc and of the result
  /// Indices into GpuPlan::staged. A left side in registers is wanted in the layout of an
  /// accumulator of its shape, and the right side's k are permuted (wgmma.h).
  std::size_t lhs = 0, rhs = 0;
  std::vector<std::size_t> staged_sides() const {
    return lhs == in_registers ? std::vector{rhs} : std::vector{lhs, rhs};
  }
  /// A loop that adds to one accumulator from zero on, turn after turn: the + 0.0 that ends a dot
  /// is due once, after the loop. None: after each dot.
  ir::OpId chain;
  std::string_view why_not;  // a better kind, in tf32
};

/// Registers of a thread that loads of several turns of a loop may take together.
inline constexpr int registers_under_way = 64;

/// A loop that loads tiles.
struct LoopPlan {
  /// So many turns run at a time, and as many turns' loads are under way.
  int turns = 1;
  int registers = 0;  // of a thread, for what a turn loads
  /// An op of the body that keeps the loads of several turns apart.
  ir::OpId between;
  bool loads_early = false;  // a turn issues loads of the next one (prefetch_loads.h)
};

struct GpuPlan {
  int warps = 4;
  int blocks = 0;  // that a multiprocessor must have registers for; 0: any
  /// Programs that run at the same time should read the same rows and columns: blocks take the last
  /// two axes of the grid in bands of so many rows, column by column. 1: row by row.
  int band_rows = 1;
  /// Where a tile value lives. None for scalars, tensors, and tiles that are computed again under
  /// whatever layout they are wanted in (constants, iota and what is made of them).
  EntityVector<ir::ValueId, std::optional<Layout>> layouts;
  /// The layout an op wants its i-th operand in; none for scalars and tensors.
  EntityVector<ir::OpId, std::vector<std::optional<Layout>>> operands;
  std::vector<StagedTile> staged;
  std::vector<GpuDot> dots;
  std::optional<Pipeline> pipeline;  // its warps beyond `warps` fetch
  std::string_view why_no_pipeline;  // if a loop multiplies in tf32 without
  EntityVector<RegionId, Region> regions;
  std::map<ir::OpId, LoopPlan> loops;  // all that load tiles, but for a pipeline's
  std::int64_t shared_bytes = 0;

  int threads() const {
    return (warps + (pipeline ? Pipeline::producer_warps : 0)) * lanes_per_warp;
  }
  /// That a multiprocessor must have registers for.
  std::int64_t resident_threads() const { return std::int64_t{std::max(blocks, 1)} * threads(); }
  const GpuDot& dot(ir::OpId op) const;
};

/// The schedule's machine choices ("warps", "stages", "blocks").
struct MachineChoices {
  int warps = 0;   // 0: chosen by the size of the largest tile; a pipeline has warps of its own
  int stages = 0;  // of a pipeline; 0: as many as fit, up to 4
  int blocks = 0;  // that a multiprocessor must have registers for; 0: any
};
/// The plan of a kernel after all passes. Changes the module: loads move one turn ahead
/// (prefetch_loads.h), sides of products to the start of a turn (stage_early.h).
GpuPlan make_gpu_plan(ir::Module& module, std::span<const StrideClass> strides,
                      const Target& target, const MachineChoices& machine);

/// Readable form, for `tilec emit --emit=plan` and `tilec explain`.
std::string print(const GpuPlan& plan, const ir::Module& module);

}  // namespace tile::schedule
