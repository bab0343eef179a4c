// See prefetch_loads.h.
#include "compiler/schedule/gpu/prefetch_loads.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "compiler/ir/builder.h"
#include "compiler/passes/clone.h"
#include "compiler/passes/effects.h"

namespace tile::schedule {

using ir::BlockId;
using ir::Function;
using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

namespace {

/// One load of a loop's body with the scalar ops that compute its place, in order.
struct Candidate {
  OpId load;
  std::vector<OpId> chain;
};

class Prefetching {
 public:
  Prefetching(Function& kernel, std::int64_t budget) : function_(kernel), budget_(budget) {
    ir::walk(kernel, kernel.body, [&](BlockId, OpId id) {
      const Op& op = kernel.ops[id];
      if (op.code == OpCode::Store) written_.insert(op.operands[0]);
      has_tf32_ =
          has_tf32_ || (op.code == OpCode::Dot &&
                        kernel.attributes<ir::DotAttrs>(id).precision == ir::Precision::Tf32);
    });
  }

  std::vector<OpId> loops() && { return std::move(loops_); }

  void block(BlockId id) {
    // By index: ops are inserted before the loop at hand.
    for (std::size_t i = 0; i < function_.blocks[id].ops.size(); ++i) {
      const OpId op = function_.blocks[id].ops[i];
      for (BlockId region : std::vector(function_.ops[op].regions)) block(region);
      if (function_.ops[op].code == OpCode::For) i += loop(id, i, op);
    }
  }

 private:
  /// Returns how many ops now stand before the loop.
  std::size_t loop(BlockId outer, std::size_t at, OpId loop);
  bool has_work(BlockId body) const;
  bool find_chain(OpId load, BlockId body, std::vector<OpId>& chain, bool& uses_index) const;
  OpId copy(const Candidate& candidate, BlockId block, ValueId index, ValueId value);

  Function& function_;
  std::int64_t budget_;
  std::set<ValueId> written_;
  bool has_tf32_ = false;
  std::vector<OpId> loops_;  // that were changed
};

/// Work of a turn that loads of the next one can pass behind: products, or the threads' wait for
/// each other in a reduction.
bool Prefetching::has_work(BlockId body) const {
  bool found = false;
  ir::walk(function_, body, [&](BlockId, OpId id) {
    const OpCode code = function_.ops[id].code;
    found = found || code == OpCode::Dot || code == OpCode::Reduce;
  });
  return found;
}

/// All that the load's place needs from the body: scalar arithmetic on the index and on values from
/// outside.
bool Prefetching::find_chain(OpId load, BlockId body, std::vector<OpId>& chain,
                             bool& uses_index) const {
  const ir::Block& block = function_.blocks[body];
  std::set<OpId> needed;
  std::vector<ValueId> open(function_.ops[load].operands.begin() + 1,
                            function_.ops[load].operands.end());
  while (!open.empty()) {
    const ValueId value = open.back();
    open.pop_back();
    const ir::Value& facts = function_.values[value];
    if (facts.block == body) {
      if (facts.index != 0) return false;  // carried: known too late
      uses_index = true;
    }
    if (facts.op.is_none() || std::ranges::find(block.ops, facts.op) == block.ops.end()) continue;
    const Op& op = function_.ops[facts.op];
    if (!facts.type.is_scalar() || !op.regions.empty() ||
        ir::info(op.code).effects != ir::Effects::Pure) {
      return false;
    }
    needed.insert(facts.op);
    open.insert(open.end(), op.operands.begin(), op.operands.end());
  }
  for (OpId op : block.ops) {
    if (needed.contains(op)) chain.push_back(op);
  }
  return true;
}

/// Appends the load for the turn `index`, every dimension masked.
OpId Prefetching::copy(const Candidate& candidate, BlockId block, ValueId index, ValueId value) {
  passes::ValueMap map;
  passes::set_mapped(map, index, value);
  for (OpId op : candidate.chain) passes::clone_op(function_, op, function_, block, map);
  passes::clone_op(function_, candidate.load, function_, block, map);
  const OpId load = function_.blocks[block].ops.back();
  for (ir::AccessDim& dim : std::get<ir::AccessAttrs>(function_.ops[load].attributes).dims) {
    dim.masked = true;
  }
  return load;
}

std::size_t Prefetching::loop(BlockId outer, std::size_t at, OpId loop) {
  const BlockId body = function_.ops[loop].regions[0];
  if (!has_work(body)) return 0;
  // What is loaded before an inner loop would be held through all of its turns.
  const bool has_inner_loop = std::ranges::any_of(function_.blocks[body].ops, [&](OpId id) {
    return function_.ops[id].code == OpCode::For || function_.ops[id].code == OpCode::While;
  });
  if (has_inner_loop) return 0;
  std::vector<Candidate> candidates;
  std::int64_t elements = 0;
  for (OpId id : function_.blocks[body].ops) {
    const Op& op = function_.ops[id];
    if (op.code != OpCode::Load || written_.contains(op.operands[0])) continue;
    const ir::Type& type = function_.type(op.results[0]);
    // A row beside wgmma's accumulators is held many times over: registers it must not take twice.
    if (type.is_scalar() || (has_tf32_ && type.rank() == 1)) continue;
    Candidate candidate{id, {}};
    bool uses_index = false;
    if (!find_chain(id, body, candidate.chain, uses_index) || !uses_index) continue;
    elements += ir::element_count(type.shape).value();
    if (elements > budget_) break;
    candidates.push_back(std::move(candidate));
  }
  if (candidates.empty()) return 0;
  loops_.push_back(loop);

  const ValueId index = function_.blocks[body].arguments[0];
  const std::vector<ValueId> bounds(function_.ops[loop].operands.begin(),
                                    function_.ops[loop].operands.begin() + 3);
  const std::size_t outer_count = function_.blocks[outer].ops.size();
  const std::size_t body_count = function_.blocks[body].ops.size();
  ir::Builder builder(function_);
  builder.set_span(function_.ops[loop].span);
  builder.set_block(body);
  const ValueId next = builder.elementwise(OpCode::Add, {index, bounds[2]});
  for (const Candidate& candidate : candidates) {
    const ValueId old = function_.ops[candidate.load].results[0];
    const ir::Type type = function_.type(old);
    const std::string name = function_.values[old].name;
    const OpId first = copy(candidate, outer, index, bounds[0]);
    const OpId early = copy(candidate, body, index, next);
    const ValueId argument = ir::add_argument(function_, body, type, name);
    ir::replace_uses(function_, old, argument);
    std::erase(function_.blocks[body].ops, candidate.load);
    function_.ops[loop].operands.push_back(function_.ops[first].results[0]);
    // The yield still stands before what was appended to the body.
    for (OpId id : function_.blocks[body].ops) {
      if (function_.ops[id].code == OpCode::Yield) {
        function_.ops[id].operands.push_back(function_.ops[early].results[0]);
      }
    }
    ir::Value result;
    result.type = type;
    result.op = loop;
    result.index = static_cast<std::uint32_t>(function_.ops[loop].results.size());
    function_.ops[loop].results.push_back(function_.values.push_back(result));
  }
  // What was appended goes to its place: before the loop, and to the start of the body.
  auto& before = function_.blocks[outer].ops;
  std::rotate(before.begin() + static_cast<std::ptrdiff_t>(at),
              before.begin() + static_cast<std::ptrdiff_t>(outer_count), before.end());
  auto& inside = function_.blocks[body].ops;
  std::rotate(inside.begin(),
              inside.begin() + static_cast<std::ptrdiff_t>(body_count - candidates.size()),
              inside.end());
  return before.size() - outer_count;
}

}  // namespace

std::vector<OpId> prefetch_loads(Function& kernel, std::int64_t element_budget) {
  Prefetching prefetching(kernel, element_budget);
  prefetching.block(kernel.body);
  return std::move(prefetching).loops();
}

}  // namespace tile::schedule
