// See lives.h.
#include "compiler/schedule/lives.h"

#include <algorithm>
#include <map>

namespace tile::schedule {

using ir::BlockId;
using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

namespace {

struct Steps {
  int begin = 0;
  int end = 0;
};

class LifePass {
 public:
  LifePass(const ir::Function& function, const Plan& plan,
           const EntityVector<ValueId, std::vector<Use>>& uses);
  EntityVector<BufferId, Life> run();

 private:
  void number(BlockId block);
  void visit_block(BlockId block);
  void visit_nest(const Nest& nest, int at);
  void visit_loop(OpId id);
  int taken_over(const Sink& sink, BlockId block) const;
  BufferId memory(BufferId buffer) const;
  BlockId block_of(ValueId value) const;
  int use_time(ValueId value, const Use& use) const;
  int last_use(ValueId value, int otherwise) const;
  void live(BufferId buffer, int from, int to);
  void define(ValueId value, int at);

  const ir::Function& function_;
  const Plan& plan_;
  const EntityVector<ValueId, std::vector<Use>>& uses_;
  int clock_ = 0;
  std::map<NestId, int> nest_at_;
  std::map<OpId, Steps> op_at_;  // dots and control ops
  std::map<BlockId, Steps> block_at_;
  EntityVector<OpId, BlockId> block_of_op_;
  EntityVector<BufferId, Life> lives_;
};

LifePass::LifePass(const ir::Function& function, const Plan& plan,
                   const EntityVector<ValueId, std::vector<Use>>& uses)
    : function_(function), plan_(plan), uses_(uses), lives_(plan.buffers.size(), Life()) {
  block_of_op_.resize(function.ops.size());
  ir::walk(function, function.body, [&](BlockId block, OpId op) { block_of_op_[op] = block; });
}

EntityVector<BufferId, Life> LifePass::run() {
  number(function_.body);
  visit_block(function_.body);
  return std::move(lives_);
}

void LifePass::number(BlockId block) {
  block_at_[block].begin = clock_++;
  for (const Step& step : plan_.steps[block]) {
    const int begin = clock_++;
    if (step.kind == Step::Kind::Nest) nest_at_[step.nest] = begin;
    if (step.kind == Step::Kind::Dot) op_at_[step.op] = {begin, begin};
    if (step.kind != Step::Kind::Control) continue;
    for (const BlockId region : function_.ops[step.op].regions) number(region);
    op_at_[step.op] = {begin, clock_++};
  }
  block_at_[block].end = clock_++;
}

BufferId LifePass::memory(BufferId buffer) const {
  while (plan_.buffers[buffer].same_memory) buffer = plan_.buffers[buffer].same_memory;
  return buffer;
}

BlockId LifePass::block_of(ValueId value) const {
  const ir::Value& facts = function_.values[value];
  return facts.op ? block_of_op_[facts.op] : facts.block;
}

/// A nest that reads each element where it writes is done with it before the write; other reads are
/// not.
int LifePass::use_time(ValueId value, const Use& use) const {
  const BlockId home = block_of(value);
  if (use.block == home) {
    if (use.nest.is_none()) return 2 * op_at_.at(use.dot).end + 1;
    const ir::Shape& shape = function_.type(value).shape;
    const bool is_in_place =
        use.map == identity_map(shape) && plan_.nests[use.nest].space == space_of(shape);
    return 2 * nest_at_.at(use.nest) + (is_in_place ? 0 : 1);
  }
  BlockId block = use.block;
  OpId owner;
  while (block != home) {
    owner = function_.blocks[block].owner;
    block = block_of_op_[owner];
  }
  return 2 * op_at_.at(owner).end + 1;
}

int LifePass::last_use(ValueId value, int otherwise) const {
  int last = otherwise;
  for (const Use& use : uses_[value]) last = std::max(last, use_time(value, use));
  return last;
}

void LifePass::live(BufferId buffer, int from, int to) { lives_[memory(buffer)].add(from, to); }

/// The value is written at the end of step `at`.
void LifePass::define(ValueId value, int at) {
  const Place& place = plan_.places[value];
  if (place.kind != Place::Kind::Stored) return;
  const int from = 2 * at + 1;
  live(place.buffer, from, last_use(value, from));
}

void LifePass::visit_block(BlockId block) {
  for (const Step& step : plan_.steps[block]) {
    if (step.kind == Step::Kind::Nest) {
      visit_nest(plan_.nests[step.nest], nest_at_[step.nest]);
    } else if (step.kind == Step::Kind::Dot) {
      const Dot& dot = plan_.dots[step.dot];
      const int at = op_at_[step.op].begin;
      define(function_.ops[step.op].results[0], at);
      for (const BufferId scratch : {dot.strips, dot.panel}) live(scratch, 2 * at, 2 * at + 1);
    } else if (step.kind == Step::Kind::Control) {
      const Op& op = function_.ops[step.op];
      for (const ValueId result : op.results) define(result, op_at_[step.op].end);
      if (op.code != OpCode::If) visit_loop(step.op);
      for (const BlockId region : op.regions) visit_block(region);
    }
  }
}

void LifePass::visit_nest(const Nest& nest, int at) {
  for (const Sink& sink : nest.sinks) {
    if (sink.kind == Sink::Kind::Reduce || sink.kind == Sink::Kind::Scan) {
      for (const ValueId result : function_.ops[sink.op].results) define(result, at);
    }
    if (sink.kind != Sink::Kind::Fill || sink.buffer.is_none()) continue;
    if (sink.op.is_none()) {
      define(sink.value, at);
      continue;
    }
    const int from = 2 * at + 1;
    live(sink.buffer, from, std::max(from, taken_over(sink, nest.block)));
  }
}

/// When the op that a tile was filled for has it: from then on that op's own values are alive.
int LifePass::taken_over(const Sink& sink, BlockId block) const {
  const Op& op = function_.ops[sink.op];
  if (op.code == OpCode::Yield) return 2 * block_at_.at(block).end;
  if (op.code == OpCode::Concat || op.code == OpCode::Reshape) return last_use(op.results[0], 0);
  return 2 * op_at_.at(sink.op).begin;
}

/// Between an argument's last use and the yield that overwrites it, a carried buffer is free.
void LifePass::visit_loop(OpId id) {
  const Op& op = function_.ops[id];
  const BlockId body = op.regions.back();
  const std::vector<ValueId>& arguments = function_.blocks[body].arguments;
  const std::vector<ValueId>& next = function_.ops[function_.blocks[body].ops.back()].operands;
  const std::size_t first = arguments.size() - op.results.size();
  for (std::size_t r = 0; r < op.results.size(); ++r) {
    const Place& place = plan_.places[op.results[r]];
    if (place.kind != Place::Kind::Stored) continue;
    const ValueId argument = arguments[first + r];
    const bool is_kept = next[r] == argument;
    if (op.code == OpCode::While || is_kept) {
      live(place.buffer, 2 * op_at_[id].begin, 2 * op_at_[id].end + 1);
    } else if (!uses_[argument].empty()) {
      const int begin = 2 * block_at_[body].begin;
      live(place.buffer, begin, last_use(argument, begin));
    }
  }
}

}  // namespace

bool Life::overlaps(const Life& other) const {
  return std::ranges::any_of(intervals, [&](const auto& a) {
    return std::ranges::any_of(
        other.intervals, [&](const auto& b) { return a.first <= b.second && b.first <= a.second; });
  });
}

bool Life::touches(const Life& other) const {
  return std::ranges::any_of(intervals, [&](const auto& a) {
    return std::ranges::any_of(other.intervals, [&](const auto& b) {
      return a.first / 2 <= b.second / 2 && b.first / 2 <= a.second / 2;
    });
  });
}

EntityVector<BufferId, Life> buffer_lives(const ir::Function& function, const Plan& plan,
                                          const EntityVector<ValueId, std::vector<Use>>& uses) {
  return LifePass(function, plan, uses).run();
}

}  // namespace tile::schedule
