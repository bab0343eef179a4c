// The GPU planner's working state: which values are computed where they are used, which share one
// layout, which layout each class has, what dots stage. Private to this folder.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "compiler/schedule/gpu/gpu_plan.h"

namespace tile::schedule {

class GpuPlanner {
 public:
  GpuPlanner(const ir::Function& function, std::span<const StrideClass> strides,
             const Target& target, const MachineChoices& machine, PipelineSearch search);
  GpuPlan run();

 private:
  // choose_layouts.cpp
  void find_rematerialized();
  bool is_rematerialized(const ir::Op& op) const;
  void join_classes();
  void join_results(const ir::Op& op);
  void choose_class_layouts();
  void settle(ir::ValueId value, const Layout& layout);
  void propagate(ir::OpId op);
  std::optional<Layout> layout_of(ir::ValueId value);
  ir::ValueId representative(ir::ValueId value);
  void join(ir::ValueId a, ir::ValueId b);
  void find_ordered();
  int unit_dim(const ir::Op& op) const;
  bool fills_sectors(const ir::Op& op, const Layout& layout) const;
  Layout access_layout(const ir::Op& op, const ir::Shape& shape, OrderedBits ordered = {}) const;

  // want_operands.cpp
  void want_operands();
  std::vector<std::optional<Layout>> wanted(const ir::Op& op);
  std::vector<std::optional<Layout>> wanted_by_access(const ir::Op& op);
  void want_results(const ir::Op& op);
  Layout reduction_layout(const ir::Op& op);
  Layout home_or(ir::ValueId value, const Layout& otherwise) const;

  // plan_dots.cpp
  void plan_dots();
  void alternate_buffers();
  ir::OpId find_chain(ir::OpId dot) const;
  std::size_t stage(ir::ValueId value, bool is_transposed, bool rounds_tf32);
  std::string region_name(ir::ValueId value) const;

  // choose_unrolling.cpp
  void choose_unrolling();
  LoopPlan plan_loop(const ir::Op& loop);

  // plan_wgmma.cpp
  bool suits_wgmma(ir::OpId dot, int warps) const { return why_no_wgmma(dot, warps).empty(); }
  std::string_view why_no_wgmma(ir::OpId dot, int warps) const;
  bool is_made_in_registers(ir::ValueId lhs, ir::OpId dot) const;
  void plan_wgmma(GpuDot& dot);
  std::size_t stage_for_wgmma(ir::ValueId value, int k_dim, bool k_is_permuted);
  void settle_wgmma();
  const GpuDot* dot_with_left(const ir::Op& op) const;
  Layout wgmma_lhs_layout(const GpuDot& dot) const;

  // make_gpu_plan.cpp
  void choose_warps();
  void place_regions();
  bool shrink();

  bool is_tile(ir::ValueId value) const { return function_.type(value).rank() > 0; }
  bool has_home(ir::ValueId value) const {
    return function_.type(value).is_tile() && is_tile(value) && !is_rematerialized_[value];
  }

  const ir::Function& function_;
  std::span<const StrideClass> strides_;
  const Target& target_;
  MachineChoices machine_;
  GpuPlan plan_;
  EntityVector<ir::ValueId, char> is_rematerialized_;
  EntityVector<ir::ValueId, int> costs_;           // of computing a rematerialized value again
  EntityVector<ir::ValueId, ir::ValueId> parent_;  // union-find
  EntityVector<ir::ValueId, std::optional<Layout>> class_layouts_;  // of representatives
  EntityVector<ir::ValueId, OrderedBits> ordered_;                  // likewise
  std::vector<ir::OpId> all_ops_;
};

/// The bytes of region 0: the most that any op needs for itself.
std::int64_t scratch_bytes(const ir::Function& function, const GpuPlan& plan);

/// The layout of a dot's result: register tiles of up to 8 x 8 for CUDA cores, or the fragments of
/// mma.sync. `shape` is [batch..., M, N].
Layout simt_dot_layout(const ir::Shape& shape, int warps);
Layout mma_dot_layout(const ir::Shape& shape, int warps);

}  // namespace tile::schedule
