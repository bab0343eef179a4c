// How dots are computed, and the operand tiles they keep in shared memory.
#include <algorithm>

#include "compiler/schedule/gpu/planner.h"

namespace tile::schedule {

using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

namespace {

/// Bits of one dimension, lowest first, that are dealt to registers, lanes and warps.
struct Bits {
  int shift = 0;
  int next = 0;
  int end = 0;

  bool is_empty() const { return next == end; }
  std::int64_t take() { return std::int64_t{1} << (shift + next++); }
  std::int64_t take_last() { return std::int64_t{1} << (shift + --end); }
};

struct DotBits {
  Bits rows, columns, batch;
};

constexpr std::int64_t wgmma_scratch = 2 << 10;  // bytes that must be left for other uses

DotBits bits_of(const ir::Shape& extents) {
  const std::size_t rank = extents.size();
  const int columns = log2_exact(extents[rank - 1]);
  const int rows = log2_exact(extents[rank - 2]);
  int batch = 0;
  for (std::size_t d = 0; d + 2 < rank; ++d) batch += log2_exact(extents[d]);
  return {{columns, 0, rows}, {0, 0, columns}, {rows + columns, 0, batch}};
}

void take_into(std::vector<std::int64_t>& bases, Bits& bits, int count) {
  while (count-- > 0 && !bits.is_empty()) bases.push_back(bits.take());
}

/// The highest bits left, from the dimension with more of them: each warp has a block of its own.
void deal_warps(Layout& layout, DotBits& bits, int count) {
  std::vector<std::int64_t> bases;
  for (int i = 0; i < count; ++i) {
    const int rows = bits.rows.end - bits.rows.next, columns = bits.columns.end - bits.columns.next;
    if (!bits.batch.is_empty()) {
      bases.push_back(bits.batch.take_last());
    } else if (rows == 0 && columns == 0) {
      bases.push_back(0);
    } else {
      bases.push_back(rows >= columns ? bits.rows.take_last() : bits.columns.take_last());
    }
  }
  layout.warps.assign(bases.rbegin(), bases.rend());
}

void deal_rest(Layout& layout, DotBits& bits) {
  take_into(layout.registers, bits.columns, 64);
  take_into(layout.registers, bits.rows, 64);
  take_into(layout.registers, bits.batch, 64);
}

}  // namespace

Layout simt_dot_layout(const ir::Shape& shape, int warps) {
  Layout layout;
  layout.extents = padded(shape);
  DotBits bits = bits_of(layout.extents);
  // Four neighbours in both directions: fragments are read as 128-bit vectors. Lanes: 8 across, 4
  // down, so that a warp's reads of either side fall into one row of shared memory. Few rows leave
  // more lanes for columns.
  const int threads = log2_exact(warps) + 5;
  const int spare = bits.rows.end + bits.columns.end + bits.batch.end - threads;
  const int column_registers = std::clamp(spare, 0, std::min(2, bits.columns.end));
  const int row_registers = std::clamp(spare - column_registers, 0, std::min(2, bits.rows.end));
  take_into(layout.registers, bits.columns, column_registers);
  take_into(layout.registers, bits.rows, row_registers);
  take_into(layout.lanes, bits.columns, 3);
  take_into(layout.lanes, bits.rows, 2);
  take_into(layout.lanes, bits.columns, 5 - static_cast<int>(layout.lanes.size()));
  take_into(layout.lanes, bits.rows, 5 - static_cast<int>(layout.lanes.size()));
  layout.lanes.resize(5, 0);
  deal_warps(layout, bits, log2_exact(warps));
  deal_rest(layout, bits);
  return layout;
}

Layout mma_dot_layout(const ir::Shape& shape, int warps) {
  Layout layout;
  layout.extents = padded(shape);
  DotBits bits = bits_of(layout.extents);
  // The accumulator fragment of mma.sync.m16n8 (PTX ISA, "Matrix Fragments for mma.m16n8k8").
  take_into(layout.registers, bits.columns, 1);
  take_into(layout.lanes, bits.columns, 2);
  take_into(layout.lanes, bits.rows, 3);
  take_into(layout.registers, bits.rows, 1);
  deal_warps(layout, bits, log2_exact(warps));
  deal_rest(layout, bits);
  return layout;
}

/// The loop whose carried accumulator only this dot adds to. (From a zero that is not -0, the zero
/// after each turn and the one at the end come to the same: docs/ir.md, dot.)
OpId GpuPlanner::find_chain(OpId id) const {
  const Op& op = function_.ops[id];
  const ir::Value& acc = function_.values[op.operands[ir::op::Dot::acc]];
  if (!acc.op.is_none() || acc.index == 0) return {};
  const OpId loop = function_.blocks[acc.block].owner;
  if (loop.is_none() || function_.ops[loop].code != OpCode::For) return {};
  const std::size_t carried = acc.index - 1;
  const auto init =
      function_.constant_value(function_.ops[loop].operands[ir::op::For::inits + carried]);
  if (!init || init->bits != 0) return {};
  int uses = 0;
  bool is_yielded = false;
  ir::walk(function_, acc.block, [&](ir::BlockId block, OpId other) {
    const Op& user = function_.ops[other];
    for (std::size_t i = 0; i < user.operands.size(); ++i) {
      const ValueId operand = user.operands[i];
      if (operand == op.operands[ir::op::Dot::acc] || operand == op.results[0]) ++uses;
      is_yielded = is_yielded || (operand == op.results[0] && block == acc.block &&
                                  user.code == OpCode::Yield && i == carried);
    }
  });
  return uses == 2 && is_yielded ? loop : OpId{};
}

/// For messages: the tile's name in the source, or its type.
std::string GpuPlanner::region_name(ValueId value) const {
  const std::string& name = function_.values[value].name;
  return name.empty() ? ir::to_string(function_.type(value)) : name;
}

std::size_t GpuPlanner::stage(ValueId value, bool is_transposed, bool rounds_tf32) {
  for (std::size_t i = 0; i < plan_.staged.size(); ++i) {
    const StagedTile& known = plan_.staged[i];
    if (known.value == value && known.is_transposed == is_transposed &&
        known.rounds_tf32 == rounds_tf32) {
      return i;
    }
  }
  const ir::Shape extents = padded(function_.type(value).shape);
  const std::size_t rank = extents.size();
  StagedTile tile;
  tile.value = value;
  tile.is_transposed = is_transposed;
  tile.rounds_tf32 = rounds_tf32;
  const std::int64_t inner = extents[rank - (is_transposed ? 2 : 1)];
  const std::int64_t outer = extents[rank - (is_transposed ? 1 : 2)];
  // Rows begin in other banks, and at multiples of 16 bytes.
  tile.pitch = inner + (rounds_tf32 ? 8 : 4);
  tile.batch_pitch = tile.pitch * outer;
  std::int64_t batches = 1;
  for (std::size_t d = 0; d + 2 < rank; ++d) batches *= extents[d];
  Region region;
  region.name = region_name(value);
  tile.buffer_bytes = 4 * tile.batch_pitch * batches;
  region.bytes = tile.buffer_bytes;
  tile.region = plan_.regions.push_back(region);
  plan_.staged.push_back(tile);
  return plan_.staged.size() - 1;
}

void GpuPlanner::plan_dots() {
  for (OpId id : all_ops_) {
    const Op& op = function_.ops[id];
    if (op.code != OpCode::Dot || (plan_.pipeline && plan_.pipeline->dot == id)) continue;
    const bool is_tf32 = function_.attributes<ir::DotAttrs>(id).precision == ir::Precision::Tf32;
    const ir::Shape extents = padded(function_.type(op.results[0]).shape);
    const std::int64_t rows = extents[extents.size() - 2], columns = extents.back();
    GpuDot dot;
    dot.op = id;
    if (suits_wgmma(id, plan_.warps)) {
      plan_wgmma(dot);
      plan_.dots.push_back(dot);
      continue;
    }
    const ValueId lhs = op.operands[ir::op::Dot::lhs];
    const std::int64_t depth = function_.type(lhs).shape.back();
    dot.kind = is_tf32 && rows >= 16 && columns >= 8 && depth % 8 == 0 ? GpuDot::Kind::MmaTf32
                                                                       : GpuDot::Kind::Simt;
    dot.why_not = dot.kind == GpuDot::Kind::MmaTf32
                      ? why_no_wgmma(id, plan_.warps)
                      : "mma.sync takes 16 rows, 8 columns and 8 of the inner dimension at a time";
    dot.result = dot.kind == GpuDot::Kind::MmaTf32 ? mma_dot_layout(extents, plan_.warps)
                                                   : simt_dot_layout(extents, plan_.warps);
    // Both sides with k outermost: a fragment is a run of rows, or of columns.
    dot.lhs = stage(lhs, true, is_tf32);
    dot.rhs = stage(op.operands[ir::op::Dot::rhs], false, is_tf32);
    dot.chain = find_chain(id);
    plan_.dots.push_back(dot);
  }
  alternate_buffers();
}

/// Two buffers for tiles that a loop's body writes and reads, as far as shared memory goes.
void GpuPlanner::alternate_buffers() {
  EntityVector<OpId, ir::BlockId> block_of;
  block_of.resize(function_.ops.size());
  ir::walk(function_, function_.body, [&](ir::BlockId block, OpId op) { block_of[op] = block; });
  std::int64_t bytes = 0;
  for (const StagedTile& tile : plan_.staged) bytes += tile.buffer_bytes;
  for (std::size_t i = 0; i < plan_.staged.size(); ++i) {
    StagedTile& tile = plan_.staged[i];
    const ir::Value& value = function_.values[tile.value];
    const ir::BlockId block = value.op.is_none() ? value.block : block_of[value.op];
    const OpId owner = function_.blocks[block].owner;
    if (owner.is_none() || function_.ops[owner].code != OpCode::For) continue;
    const bool is_read_here = std::ranges::all_of(plan_.dots, [&](const GpuDot& dot) {
      return (dot.lhs != i && dot.rhs != i) || block_of[dot.op] == block;
    });
    // What is left goes to conversions and reductions, which wgmma's layouts need little of.
    const std::int64_t limit =
        tile.places.empty() ? target_.shared_bytes * 3 / 4 : target_.shared_bytes - wgmma_scratch;
    if (!is_read_here || bytes + tile.buffer_bytes > limit) continue;
    bytes += tile.buffer_bytes;
    tile.alternates_in = block;
    plan_.regions[tile.region].bytes = 2 * tile.buffer_bytes;
  }
}

}  // namespace tile::schedule
