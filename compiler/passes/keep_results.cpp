// See keep_results.h.
#include "compiler/passes/keep_results.h"

#include <algorithm>

namespace tile::passes {

using namespace ir;

namespace {

/// Drops items[offset + i] where keep[i] is false.
template <class T>
void filter(std::vector<T>& items, const std::vector<bool>& keep, std::size_t offset) {
  std::size_t kept = offset;
  for (std::size_t index = 0; index < keep.size(); ++index) {
    if (keep[index]) items[kept++] = items[offset + index];
  }
  items.resize(kept);
}

void renumber(Function& function, std::span<const ValueId> values) {
  for (std::size_t index = 0; index < values.size(); ++index) {
    function.values[values[index]].index = static_cast<std::uint32_t>(index);
  }
}

}  // namespace

void keep_results(Function& function, OpId id, const std::vector<bool>& keep) {
  Op& op = function.ops[id];
  TILE_CHECK(keep.size() == op.results.size(), "one answer per result");
  if (std::find(keep.begin(), keep.end(), false) == keep.end()) return;
  const bool is_for = op.code == OpCode::For;
  const bool is_loop = is_for || op.code == OpCode::While;
  filter(op.results, keep, 0);
  renumber(function, op.results);
  if (is_loop) filter(op.operands, keep, is_for ? std::size_t{op::For::inits} : 0);
  for (BlockId region : op.regions) {
    Block& block = function.blocks[region];
    if (is_loop) filter(block.arguments, keep, is_for ? 1 : 0);
    renumber(function, block.arguments);
    const bool is_condition = op.code == OpCode::While && region == op.regions[0];
    if (!is_condition) filter(function.ops[block.ops.back()].operands, keep, 0);
  }
}

}  // namespace tile::passes
