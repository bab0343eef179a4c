// See gpu_remarks.h.
#include "compiler/schedule/gpu/gpu_remarks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "compiler/base/check.h"
#include "compiler/schedule/gpu/access.h"
#include "compiler/schedule/gpu/conversion.h"
#include "compiler/schedule/index_map.h"

namespace tile::schedule {

using ir::AccessDim;
using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

namespace {

constexpr int vector_bytes = 16, sector_bytes = 32;
constexpr std::int64_t banks = 32;  // of shared memory, 4 bytes each

class GpuRemarks {
 public:
  GpuRemarks(const GpuPlan& plan, const ir::Function& function,
             std::span<const StrideClass> strides)
      : plan_(plan), function_(function), strides_(strides), facts_(function) {}
  std::vector<Remark> run();

 private:
  void access(OpId id);
  void vectors(OpId id, const Access& access, const Layout& layout);
  void masks(OpId id);
  void exchanges(OpId id);
  void staged(const StagedTile& tile);
  void dot(const GpuDot& dot);
  void pipeline();
  void loop(OpId id, const LoopPlan& plan);
  int staging_conflicts(const StagedTile& tile, const Layout& layout) const;

  const std::string& tensor_name(OpId id) const {
    return function_.parameters[function_.values[function_.ops[id].operands[0]].index].name;
  }
  std::string name(ValueId value) const {
    const std::string& name = function_.values[value].name;
    return name.empty() ? "a tile" : "`" + name + "`";
  }
  Span span(OpId id) const { return function_.ops[id].span; }

  const GpuPlan& plan_;
  const ir::Function& function_;
  std::span<const StrideClass> strides_;
  passes::IndexFacts facts_;
  std::vector<Remark> all_;
};

struct Reason {
  std::string why, change;
};

Reason reason_of(Access::Limit limit, const std::string& tensor, std::int64_t elements,
                 int registers) {
  using Limit = Access::Limit;
  switch (limit) {
    case Limit::None:
      return {};
    case Limit::NoUnitDim:
      return {fmt::format("no dimension of `{}` is known to be contiguous", tensor),
              "pass it with one dimension of stride 1"};
    case Limit::NotARange:
      return {fmt::format("the contiguous dimension of `{}` is indexed by single numbers", tensor),
              "take a range of that dimension"};
    case Limit::Unaligned:
      return {"its address, rows or strides may be no multiples of 16 bytes",
              fmt::format("pass it aligned, with rows of a multiple of {} elements", elements)};
    case Limit::Start:
      return {fmt::format("the tile may begin at no multiple of {} elements", elements),
              "begin tiles at multiples of their extent, as in `i*B +: B`"};
    case Limit::Extent:
      return {fmt::format("its extent is no multiple of {}", elements),
              "choose extents that are powers of two"};
    case Limit::Registers:
      if (registers < elements) {
        return {fmt::format("a thread holds no more than {} of its elements", registers),
                "choose larger tiles or fewer warps"};
      }
      return {"neighbours in memory are in other threads, as another op wants the tile",
              "load tiles along the contiguous dimension"};
  }
  TILE_UNREACHABLE("no such limit");
}

void GpuRemarks::vectors(OpId id, const Access& access, const Layout& layout) {
  const Op& op = function_.ops[id];
  const bool is_load = op.code == OpCode::Load;
  const int element_bytes = ir::byte_size(function_.type(op.operands[0]).element);
  const int bytes = element_bytes << access.vector_bits.size();
  const std::string& tensor = tensor_name(id);
  if (bytes < vector_bytes && access.limit != Access::Limit::None) {
    Reason reason =
        reason_of(access.limit, tensor, vector_bytes / element_bytes, layout.register_count());
    add_once(all_, {op.span,
                    fmt::format("a thread {} `{}` by {} bytes, not {}",
                                is_load ? "loads" : "stores", tensor, bytes, vector_bytes),
                    std::move(reason.why), std::move(reason.change)});
  }
  const std::int64_t run = run_length(access, layout) * element_bytes;
  const bool is_short =
      access.unit_dim >= 0 &&
      layout.extents[static_cast<std::size_t>(access.unit_dim)] * element_bytes < sector_bytes;
  if (run >= sector_bytes) return;
  add_once(all_, {op.span,
                  fmt::format("a warp {} `{}` in pieces of {} bytes; memory moves {} at once",
                              is_load ? "loads" : "stores", tensor, run, sector_bytes),
                  is_short               ? "the tile is that narrow along the contiguous dimension"
                  : access.unit_dim >= 0 ? "neighbouring lanes are no neighbours in memory"
                                         : "neighbours in the tile are no neighbours in memory",
                  is_short ? "choose a larger extent along it"
                           : "run the tile along the tensor's contiguous dimension"});
}

void GpuRemarks::masks(OpId id) {
  const Op& op = function_.ops[id];
  const auto& dims = std::get<ir::AccessAttrs>(op.attributes).dims;
  const auto& sizes = function_.parameters[function_.values[op.operands[0]].index].sizes;
  for (std::size_t d = 0; d < dims.size(); ++d) {
    if (dims[d].kind != AccessDim::Kind::Range || !dims[d].masked || dims[d].extent == 1) continue;
    add_once(all_,
             {op.span,
              fmt::format("every access of `{}` is tested against {}", tensor_name(id), sizes[d]),
              fmt::format("a tile of {} may overhang the tensor", dims[d].extent),
              fmt::format("`assume({} % {} == 0)` where that holds", sizes[d], dims[d].extent)});
  }
}

void GpuRemarks::access(OpId id) {
  const Op& op = function_.ops[id];
  const auto& layout = op.code == OpCode::Load ? plan_.layouts[op.results[0]]
                                               : plan_.operands[id][ir::op::Store::value];
  const bool is_fetched =
      plan_.pipeline && (plan_.pipeline->a.load == id || plan_.pipeline->b.load == id);
  if (!layout || is_fetched) return;  // one element; or TMA's
  const StrideClass& strides = strides_[tensor_number(function_, op.operands[0])];
  vectors(id, plan_access(function_, id, *layout, strides, facts_), *layout);
  masks(id);
}

/// Operands that an op wants in other threads than where they are.
void GpuRemarks::exchanges(OpId id) {
  const Op& op = function_.ops[id];
  for (std::size_t i = 0; i < op.operands.size() && i < plan_.operands[id].size(); ++i) {
    const auto& wanted = plan_.operands[id][i];
    const auto& home = plan_.layouts[op.operands[i]];
    if (!wanted || !home || *wanted == *home) continue;
    const int bytes = ir::byte_size(function_.type(op.operands[i]).element);
    const Conversion how = conversion(*home, *wanted, bytes);
    if (how.kind != Conversion::Kind::Scratch) continue;
    const auto degree = [&](const Layout& addresses, const std::vector<int>& vector) {
      return conflict_degree(addresses, 1 << vector.size(), bytes);
    };
    const int conflicts =
        std::max(degree(how.write, how.write_vector), degree(how.read, how.read_vector));
    add_once(all_, {op.span,
                    fmt::format("{} moves between threads through {} bytes of shared memory{}",
                                name(op.operands[i]), how.bytes,
                                conflicts > 1 ? fmt::format(", {}-way bank conflicts", conflicts)
                                              : std::string()),
                    fmt::format("`{}` wants it in other threads than what made it",
                                ir::info(op.code).text),
                    ""});
  }
}

/// The most lanes of one access to a staged tile whose words lie in one bank.
int GpuRemarks::staging_conflicts(const StagedTile& tile, const Layout& layout) const {
  if (!tile.places.empty()) return 1;  // swizzled
  const int rank = static_cast<int>(layout.extents.size());
  const int unit = tile.is_transposed ? rank - 2 : rank - 1, other = 2 * rank - 3 - unit;
  const std::int64_t vector = std::int64_t{1} << vector_bits(layout, unit, 4).size();
  const auto lanes_at_once = static_cast<int>(lanes_per_warp / vector);
  std::array<std::set<std::int64_t>, banks> words;
  for (int lane = 0; lane < lanes_at_once; ++lane) {
    const std::int64_t element = layout.element(0, lane, 0);
    const std::int64_t at =
        layout.coordinate(element, unit) + layout.coordinate(element, other) * tile.pitch;
    for (std::int64_t i = 0; i < vector; ++i) {
      words[static_cast<std::size_t>((at + i) % banks)].insert(at + i);
    }
  }
  std::size_t most = 1;
  for (const auto& bank : words) most = std::max(most, bank.size());
  return static_cast<int>(most);
}

void GpuRemarks::staged(const StagedTile& tile) {
  const auto& layout = plan_.layouts[tile.value];
  if (!layout || layout->extents.size() < 2) return;
  const int conflicts = staging_conflicts(tile, *layout);
  if (conflicts == 1) return;
  const OpId op = function_.values[tile.value].op;
  add_once(all_, {op.is_none() ? function_.span : span(op),
                  fmt::format("writing {} to shared memory for a dot has {}-way bank conflicts",
                              name(tile.value), conflicts),
                  fmt::format("neighbouring lanes hold {}, shared memory has {} side by side",
                              tile.is_transposed ? "columns" : "rows",
                              tile.is_transposed ? "rows" : "columns"),
                  "pass the tensor with its other dimension contiguous"});
}

void GpuRemarks::dot(const GpuDot& dot) {
  const bool is_tf32 = function_.attributes<ir::DotAttrs>(dot.op).precision == ir::Precision::Tf32;
  if (dot.kind == GpuDot::Kind::Wgmma) return;
  const bool is_simt = dot.kind == GpuDot::Kind::Simt;
  add_once(all_, {span(dot.op),
                  is_simt ? "the dot runs on CUDA cores, a fused multiply-add at a time"
                          : "the dot runs on tensor cores by mma.sync, not by wgmma",
                  is_tf32 ? std::string(dot.why_not) : "fp32 promises the bits of that order",
                  is_tf32 ? "" : "`tf32` as its last argument takes tensor cores, to 10 bits"});
}

/// A loop that multiplies in tf32, but does not fetch by TMA under the products.
void GpuRemarks::pipeline() {
  if (plan_.pipeline || plan_.why_no_pipeline.empty()) return;
  for (const GpuDot& dot : plan_.dots) {
    const auto precision = function_.attributes<ir::DotAttrs>(dot.op).precision;
    if (precision != ir::Precision::Tf32) continue;
    add_once(all_, {span(dot.op), "tiles are loaded by the warps that multiply, not by TMA",
                    std::string(plan_.why_no_pipeline), ""});
  }
}

void GpuRemarks::loop(OpId id, const LoopPlan& plan) {
  if (plan.turns > 1) return;
  std::string why, change;
  if (!plan.between.is_none()) {
    why = fmt::format("the `{}` in it stands between the loads of two turns",
                      ir::info(function_.ops[plan.between].code).text);
    if (plan.loads_early) change = "the next turn's loads are issued early instead";
  } else {
    why = fmt::format(
        "one turn's loads take {} registers of a thread, more than half of the {} for "
        "loads under way",
        plan.registers, registers_under_way);
    change = "choose smaller tiles or more warps";
  }
  add_once(all_, {span(id), "the loop is not unrolled", std::move(why), std::move(change)});
}

std::vector<Remark> GpuRemarks::run() {
  ir::walk(function_, function_.body, [&](ir::BlockId, OpId id) {
    const OpCode code = function_.ops[id].code;
    if (code == OpCode::Load || code == OpCode::Store) access(id);
    if (const auto plan = plan_.loops.find(id); plan != plan_.loops.end()) loop(id, plan->second);
    exchanges(id);
  });
  for (const StagedTile& tile : plan_.staged) staged(tile);
  for (const GpuDot& one : plan_.dots) dot(one);
  pipeline();
  return std::move(all_);
}

}  // namespace

std::vector<Remark> remarks(const GpuPlan& plan, const ir::Function& function,
                            std::span<const StrideClass> strides) {
  return GpuRemarks(plan, function, strides).run();
}

}  // namespace tile::schedule
