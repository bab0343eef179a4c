// The planner's working state, shared by planner.cpp (what is stored, which op goes where),
// needs.cpp (levels and uses) and choose_loops.cpp. Planning runs in rounds: a round places every
// op given the set of stored values; expensive values that turn out to be computed in several nests
// join the set and the next round starts afresh. The set only grows, so this ends.
#pragma once

#include <map>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "compiler/base/stride_class.h"
#include "compiler/schedule/plan.h"
#include "compiler/schedule/target.h"

namespace tile::schedule {

/// One evaluation of a value: in a nest at a map, or by a dot (nest none).
struct Use {
  ir::BlockId block;
  int level = 0;
  NestId nest;
  IndexMap map;
  ir::OpId dot;
};

/// What a region needs from outside and does to tensors.
struct RegionUses {
  std::set<ir::ValueId> values;
  std::set<ir::ValueId> tensors_read;
  std::set<ir::ValueId> tensors_stored;
};

/// A tile that a yield hands to its loop or branch.
struct CarriedTile {
  ir::ValueId value;
  ir::ValueId argument;  // whose buffer it overwrites; none in a branch
  BufferId buffer;
  int level = 0;
};

class Planner {
 public:
  Planner(const ir::Function& function, std::span<const StrideClass> strides, const Target& target);
  Plan run();

 private:
  // planner.cpp: rounds and placement.
  void force_stored();
  void start_round();
  void plan_block(ir::BlockId block, RegionUses& uses);
  void place(ir::OpId op);
  void place_tile(ir::OpId op);
  void place_scalar(ir::OpId op);
  void place_store(ir::OpId op);
  void place_along_axis(ir::OpId op);
  void place_concat(ir::OpId op);
  void place_dot(ir::OpId op);
  void place_loop(ir::OpId op);
  void place_if(ir::OpId op);
  void place_yield(ir::OpId op);
  void yield_by_copies(ir::OpId op, const std::vector<CarriedTile>& tiles);
  void place_control(ir::OpId op, int level, const RegionUses& uses);
  bool is_read_late(const CarriedTile& tile) const;
  int overwrite_level(ir::ValueId carried, int level) const;
  int fill(ir::ValueId value, BufferId buffer, ir::OpId taker, int level = 0,
           std::vector<std::int64_t> offsets = {});
  NestId add_sink(Sink sink, const ir::Shape& shape, const std::vector<Limit>& limits, int axis,
                  int level);
  void add_step(Step step);
  std::vector<Limit> squeezed(const std::vector<Limit>& limits, const ir::Shape& shape) const;
  bool find_direct_operand(ir::ValueId value, const std::vector<Limit>& limits,
                           DotOperand& operand);
  void choose_blocks(Dot& dot);
  BufferId scratch(std::string name, std::int64_t count);
  bool is_contiguous(const DotOperand& operand, int dim) const;
  void store_shared_values();
  void store_late_loads();
  ir::OpId next_store(ir::BlockId block, ir::OpId load, ir::ValueId tensor) const;
  bool is_same_access(const ir::Op& load, ir::OpId store, const Use& use) const;
  bool is_recomputed(ir::ValueId value);
  BufferId buffer_of(ir::ValueId value);

  // needs.cpp: levels and uses.
  struct Wanted {
    const ir::Shape* space;  // null outside a nest
    std::map<std::pair<ir::ValueId, IndexMap>, int> known;
  };
  int needed(ir::ValueId value, const IndexMap& map, Wanted& wanted, bool is_definition = false);
  int needed_operands(const ir::Op& op, const IndexMap& map, Wanted& wanted);
  int available(ir::ValueId value);
  void use(ir::ValueId value, const IndexMap& map, const Use& where, bool is_definition = false);
  void use_indices(const ir::Op& op, const IndexMap& map, const Use& where);
  int cost(ir::ValueId value);
  bool is_defined_here(ir::ValueId value) const;
  ir::BlockId block_of(ir::ValueId value) const;
  bool is_inside(ir::BlockId block, ir::BlockId outer) const;
  bool replicates(const Use& use) const;

  // choose_loops.cpp.
  void choose_loops(Nest& nest);
  void vote(ir::ValueId value, const IndexMap& map, std::vector<int>& votes,
            std::set<std::pair<ir::ValueId, IndexMap>>& seen, bool is_definition = false);
  void vote_sink(const Sink& sink, std::vector<int>& votes,
                 std::set<std::pair<ir::ValueId, IndexMap>>& seen);
  void vote_buffer(const IndexMap& map, int weight, std::vector<int>& votes);
  void vote_access(const ir::Op& op, const IndexMap& map, int weight, std::vector<int>& votes);

  // share_buffers.cpp, place_buffers.cpp.
  void share_buffers();
  bool is_copy(const Sink& sink) const;
  void merge(BufferId from, BufferId into);
  void drop_copies();
  void place_buffers();
  int level_in(ir::BlockId block, const Use& use) const;

  /// The lowest levels of the block at which a tensor that the kernel writes may be accessed.
  struct TensorState {
    int may_read = 0;
    int may_store = 0;
  };

  const ir::Function& function_;
  std::span<const StrideClass> strides_;
  const Target& target_;
  Limits limits_;
  EntityVector<ir::OpId, ir::BlockId> block_of_op_;
  EntityVector<ir::ValueId, char> stored_;
  EntityVector<ir::ValueId, int> costs_;
  EntityVector<ir::ValueId, char> is_written_;  // tensors that the kernel stores to

  std::set<ir::OpId> careful_loops_;  // whose yields overwrite what other yields read
  bool must_repeat_ = false;

  // This round.
  Plan plan_;
  ir::BlockId block_;
  EntityVector<ir::ValueId, int> ready_;  // the lowest level of its block that may use a value
  EntityVector<ir::ValueId, NestId> filled_by_;  // the nest whose Fill computes a stored value
  EntityVector<ir::ValueId, std::vector<Use>> uses_;
  EntityVector<ir::OpId, int> op_level_;    // of loads, stores, dots and control ops
  EntityVector<ir::OpId, NestId> op_nest_;  // of stores
  EntityVector<ir::ValueId, TensorState> tensors_;
  std::vector<char>
      neighbours_;          // of the nest at hand: dimensions along which a tensor is contiguous
  RegionUses region_uses_;  // of this block
  std::set<ir::ValueId> must_store_;  // stored from the next round on
};

}  // namespace tile::schedule
