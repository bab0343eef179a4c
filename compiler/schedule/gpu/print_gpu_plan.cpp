// The plan as text, for `tilec emit --emit=plan` and golden tests.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/base/check.h"
#include "compiler/schedule/gpu/gpu_plan.h"

namespace tile::schedule {

namespace {

std::string name_of(const ir::Function& function, ir::ValueId value) {
  const std::string& name = function.values[value].name;
  return name.empty() ? fmt::format("v{}", value.index) : fmt::format("{}.{}", name, value.index);
}

std::string describe(const StagedTile& tile, const ir::Function& function, const GpuPlan& plan) {
  const Region& region = plan.regions[tile.region];
  const char* buffers = tile.alternates_in.is_none() ? "" : ", two buffers";
  if (!tile.places.empty()) {
    return fmt::format("  staged {}: {} for wgmma, bits at {}{}, {} bytes at {}\n",
                       name_of(function, tile.value), ir::to_string(function.type(tile.value)),
                       fmt::join(tile.places, " "), buffers, region.bytes, region.offset);
  }
  return fmt::format("  staged {}: {}, {} outermost, pitch {}{}{}, {} bytes at {}\n",
                     name_of(function, tile.value), ir::to_string(function.type(tile.value)),
                     tile.is_transposed ? "columns" : "rows", tile.pitch,
                     tile.rounds_tf32 ? ", rounded to tf32" : "", buffers, region.bytes,
                     region.offset);
}

std::string describe(const GpuDot& dot) {
  switch (dot.kind) {
    case GpuDot::Kind::Simt:
      return "by fma";
    case GpuDot::Kind::MmaTf32:
      return "by mma.sync m16n8k8 tf32";
    case GpuDot::Kind::Wgmma:
      return fmt::format("by wgmma m64n{}k8 tf32, left from {}", dot.result.extents[1],
                         dot.lhs == GpuDot::in_registers ? "registers" : "shared memory");
  }
  TILE_UNREACHABLE("no such kind of dot");
}

std::string describe(const Pipeline& pipeline, const ir::Function& function) {
  const auto side = [&](const Pipeline::Side& of) {
    return fmt::format("{} of {} rows, {}", name_of(function, function.ops[of.load].results[0]),
                       of.extent, of.k_is_contiguous ? "k contiguous" : "rows contiguous");
  };
  return fmt::format(
      "  pipeline of {} stages, {} bytes each: wgmma m64n{}k8 tf32{}\n    A: {}, from {}\n    B: "
      "{}\n",
      pipeline.stages, pipeline.stage_bytes(), pipeline.b.extent,
      pipeline.is_transposed ? ", the product transposed" : "", side(pipeline.a),
      pipeline.a.k_is_contiguous ? "shared memory" : "registers", side(pipeline.b));
}

}  // namespace

std::string print(const GpuPlan& plan, const ir::Module& module) {
  const ir::Function& function = module.functions[module.kernel];
  std::string instance = function.instance.empty() ? "" : "<" + function.instance + ">";
  std::string text = fmt::format("gpu plan of {}{}\n{} warps, {} bytes of shared memory\n",
                                 function.name, instance, plan.warps, plan.shared_bytes);
  if (plan.blocks > 0) text += fmt::format("  registers for {} blocks\n", plan.blocks);
  if (plan.band_rows > 1) text += fmt::format("  grid in bands of {} rows\n", plan.band_rows);
  const Region& scratch = plan.regions[RegionId{0}];
  if (scratch.bytes > 0) text += fmt::format("  scratch: {} bytes\n", scratch.bytes);
  for (const StagedTile& tile : plan.staged) text += describe(tile, function, plan);
  if (plan.pipeline) text += describe(*plan.pipeline, function);
  for (const GpuDot& dot : plan.dots) {
    text += fmt::format("  dot {} {}: {}\n", name_of(function, function.ops[dot.op].results[0]),
                        describe(dot), to_string(dot.result));
  }
  for (const auto& [loop, how] : plan.loops) {
    if (how.turns == 1) continue;
    text += fmt::format("  loop {} runs {} turns at a time\n", loop.index, how.turns);
  }
  for (std::uint32_t i = 0; i < function.values.size(); ++i) {
    const ir::ValueId value{i};
    if (const auto& layout = plan.layouts[value]) {
      text += fmt::format("  {} {}\n", name_of(function, value), to_string(*layout));
    }
  }
  ir::walk(function, function.body, [&](ir::BlockId, ir::OpId id) {
    const ir::Op& op = function.ops[id];
    for (std::size_t i = 0; i < plan.operands[id].size(); ++i) {
      const auto& wanted = plan.operands[id][i];
      const auto& home = plan.layouts[op.operands[i]];
      if (!wanted || !home || *wanted == *home) continue;
      text += fmt::format("  convert {} for {} to {}\n", name_of(function, op.operands[i]),
                          ir::info(op.code).text, to_string(*wanted));
    }
  });
  return text;
}

}  // namespace tile::schedule
