// See pipeline.h.
#include <algorithm>

#include "compiler/schedule/gpu/pipeline.h"
#include "compiler/schedule/gpu/wgmma.h"
#include "compiler/schedule/index_map.h"

namespace tile::schedule {

using ir::Function;
using ir::Op;
using ir::OpCode;
using ir::OpId;
using ir::ValueId;

namespace {

constexpr std::int64_t max_columns = 256;       // of one wgmma
constexpr std::int64_t max_accumulators = 128;  // registers of a thread
constexpr int max_stages = 4;

/// The load that defines a dot's operand, if TMA can fetch it: a whole tile of a matrix, zeros
/// beyond the edges.
std::optional<Pipeline::Side> find_side(const Function& function, ValueId value, int k_dim,
                                        std::span<const StrideClass> strides,
                                        std::string_view& why_not) {
  why_not = "a side of the dot is computed or changed, not loaded as it is";
  const OpId load = function.values[value].op;
  if (load.is_none() || function.ops[load].code != OpCode::Load) return std::nullopt;
  const Op& op = function.ops[load];
  const auto& access = function.attributes<ir::AccessAttrs>(load);
  const auto pad = function.constant_value(op.operands[ir::op::Load::pad]);
  const bool is_matrix =
      access.dims.size() == 2 && std::ranges::all_of(access.dims, [](const ir::AccessDim& dim) {
        return dim.kind == ir::AccessDim::Kind::Range;
      });
  why_not = "a side is no whole tile of a matrix with zeros beyond its edges";
  if (!is_matrix || !pad || pad->bits != 0) return std::nullopt;
  const StrideClass& of = strides[tensor_number(function, op.operands[ir::op::Load::tensor])];
  why_not = "a tensor may not be contiguous in one dimension and aligned to 16 bytes";
  if (!of.aligned || of.unit_dim < 0 || of.zero_dims != 0) return std::nullopt;
  why_not = "a turn's tiles are not 32 long in the inner dimension";
  if (access.dims[static_cast<std::size_t>(k_dim)].extent != Pipeline::depth) return std::nullopt;
  return Pipeline::Side{load, access.dims[static_cast<std::size_t>(1 - k_dim)].extent,
                        of.unit_dim == k_dim};
}

bool is_power_of_two(std::int64_t value) { return padded({value})[0] == value; }

/// Arithmetic on parameters, program ids and the loop's index: what the fetching thread, which has
/// no tiles and loads nothing, can compute.
bool is_scalar_arithmetic(const Function& function, OpId loop, ValueId value) {
  const ir::Value& facts = function.values[value];
  if (facts.op.is_none()) {
    const bool is_index = facts.block == function.ops[loop].regions[0] && facts.index == 0;
    return facts.block == function.body || is_index;
  }
  const Op& op = function.ops[facts.op];
  return facts.type.is_scalar() && op.regions.empty() &&
         ir::info(op.code).effects == ir::Effects::Pure &&
         std::ranges::all_of(op.operands, [&](ValueId operand) {
           return is_scalar_arithmetic(function, loop, operand);
         });
}

/// Why the fetching thread cannot go through the loop by itself: it computes the bounds, and where
/// the two loads begin.
std::string_view why_not_fetched(const Function& function, OpId loop, OpId lhs, OpId rhs) {
  const auto& ops = function.blocks[function.ops[loop].regions[0]].ops;
  const auto is_computable = [&](ValueId value) {
    return is_scalar_arithmetic(function, loop, value);
  };
  if (lhs == rhs) return "both sides of the dot are one tile";
  const auto& bounds = function.ops[loop].operands;
  if (!std::all_of(bounds.begin(), bounds.begin() + 3, is_computable)) {
    return "a bound of the loop is loaded, or is no plain arithmetic on sizes and program ids";
  }
  for (OpId load : {lhs, rhs}) {
    const auto& operands = function.ops[load].operands;
    if (std::ranges::find(ops, load) == ops.end()) return "a side is loaded outside of the loop";
    if (!std::all_of(operands.begin() + ir::op::Load::indices, operands.end(), is_computable)) {
      return "a tile begins where a loaded value says, or no plain arithmetic on the loop's index";
    }
  }
  return {};
}

/// Exactly: scalar arithmetic, two loads, the dot, a yield of it.
OpId find_only_dot(const Function& function, OpId loop) {
  const Op& op = function.ops[loop];
  OpId dot;
  int loads = 0;
  for (OpId id : function.blocks[op.regions[0]].ops) {
    const Op& inner = function.ops[id];
    if (inner.code == OpCode::Dot && dot.is_none()) {
      dot = id;
    } else if (inner.code == OpCode::Load) {
      ++loads;
    } else if (inner.code != OpCode::Yield &&
               (!inner.regions.empty() || inner.results.size() != 1 ||
                !function.type(inner.results[0]).is_scalar() ||
                ir::info(inner.code).effects != ir::Effects::Pure)) {
      return {};
    }
  }
  const Op& yield = function.ops[function.blocks[op.regions[0]].ops.back()];
  if (dot.is_none() || loads != 2 || op.results.size() != 1) return {};
  const Op& product = function.ops[dot];
  const bool is_chain =
      yield.operands[0] == product.results[0] &&
      product.operands[ir::op::Dot::acc] == function.blocks[op.regions[0]].arguments[1];
  return is_chain ? dot : OpId{};
}

PipelineSearch pipeline_of(const Function& function, OpId loop,
                           std::span<const StrideClass> strides) {
  const auto none = [](std::string_view why) { return PipelineSearch{std::nullopt, why}; };
  const OpId dot = find_only_dot(function, loop);
  if (dot.is_none()) return none("the loop does more than multiply two tiles that it loads");
  if (function.attributes<ir::DotAttrs>(dot).precision != ir::Precision::Tf32) return none("");
  const Op& op = function.ops[dot];
  std::string_view why;
  const auto lhs = find_side(function, op.operands[ir::op::Dot::lhs], 1, strides, why);
  if (!lhs) return none(why);
  const auto rhs = find_side(function, op.operands[ir::op::Dot::rhs], 0, strides, why);
  if (!rhs) return none(why);
  if (!lhs->k_is_contiguous && !rhs->k_is_contiguous) {
    return none("neither side has the inner dimension contiguous");
  }
  why = why_not_fetched(function, loop, lhs->load, rhs->load);
  if (!why.empty()) return none(why);
  Pipeline pipeline;
  pipeline.loop = loop;
  pipeline.dot = dot;
  // A side without contiguous k must be A; else the shorter one is, so that B is as wide as may be.
  pipeline.is_transposed =
      !rhs->k_is_contiguous || (lhs->k_is_contiguous && rhs->extent < lhs->extent);
  pipeline.a = pipeline.is_transposed ? *rhs : *lhs;
  pipeline.b = pipeline.is_transposed ? *lhs : *rhs;
  const std::int64_t rows = pipeline.a.extent, columns = pipeline.b.extent;
  if (!is_power_of_two(rows) || !is_power_of_two(columns))
    return none("an extent is no power of two");
  if (rows < 2 * Pipeline::block_rows || columns < 8 || columns > max_columns) {
    return none("the tiles are not 128 and 8 to 256 long");
  }
  if (rows * columns / (Pipeline::consumer_warps * lanes_per_warp) > max_accumulators) {
    return none("the result takes more registers than eight warps have");
  }
  pipeline.result =
      wgmma_layout(rows, columns, pipeline.is_transposed ? 1 : 0, Pipeline::consumer_warps);
  return {std::move(pipeline), ""};
}

}  // namespace

PipelineSearch find_pipeline(const Function& kernel, std::span<const StrideClass> strides,
                             int stages, std::int64_t shared_bytes) {
  PipelineSearch found{std::nullopt, "the dot is in no loop of the kernel's own"};
  for (OpId op : kernel.blocks[kernel.body].ops) {
    if (kernel.ops[op].code != OpCode::For) continue;
    if (found.pipeline) return {std::nullopt, "two loops would need two sets of warps"};
    found = pipeline_of(kernel, op, strides);
    if (!found.pipeline) return found;
  }
  if (!found.pipeline) return found;
  Pipeline& pipeline = *found.pipeline;
  const auto room = static_cast<int>((shared_bytes - 1024) / pipeline.stage_bytes());
  pipeline.stages = stages > 0 ? std::min(stages, room) : std::min(max_stages, room);
  if (pipeline.stages < Pipeline::min_stages) {
    return {std::nullopt, "two stages of tiles do not fit into shared memory"};
  }
  return found;
}

}  // namespace tile::schedule
