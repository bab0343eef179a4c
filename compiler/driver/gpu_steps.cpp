// See gpu_steps.h.
#include "compiler/driver/gpu_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <charconv>

#include "compiler/codegen/ptx/emit.h"
#include "compiler/driver/host_program.h"
#include "compiler/ir/argument_words.h"
#include "compiler/schedule/index_map.h"

namespace tile {

namespace {

constexpr int max_warps = 32;  // of a block

/// The value of a machine key of the schedule, or 0.
int machine_value(const sema::ScheduleArm& arm, std::string_view key) {
  int value = 0;
  for (const auto& [name, text] : arm.machine) {
    if (name == key) std::from_chars(text.data(), text.data() + text.size(), value);
  }
  return value;
}

std::optional<schedule::MachineChoices> machine_choices(LoadedFile& file,
                                                        const sema::ScheduleArm& arm) {
  schedule::MachineChoices choices;
  choices.warps = machine_value(arm, "warps");
  choices.stages = machine_value(arm, "stages");
  choices.blocks = machine_value(arm, "blocks");
  const auto warps = static_cast<unsigned>(choices.warps);
  if (choices.warps != 0 && (!std::has_single_bit(warps) || choices.warps > max_warps)) {
    file.diagnostics().report(arm.span, Kind::InvalidScheduleValue, "warps",
                              fmt::format("a block has 1, 2, 4, 8, 16 or {} warps", max_warps));
    return std::nullopt;
  }
  return choices;
}

/// Once the number of a block's threads is known.
bool check_blocks(LoadedFile& file, const Compilation& made) {
  const schedule::Target& target = made.target;
  const schedule::GpuPlan& plan = made.gpu_plan;
  if (plan.blocks <= target.resident_blocks && plan.resident_threads() <= target.resident_threads) {
    return true;
  }
  file.diagnostics().report(
      made.arm.span, Kind::InvalidScheduleValue, "blocks",
      fmt::format("a multiprocessor of `{}` runs at most {} blocks and {} threads; a block of this "
                  "kernel has {} threads",
                  target.name, target.resident_blocks, target.resident_threads, plan.threads()));
  return false;
}

bool report_grid(LoadedFile& file, const Compilation& made, const ir::Op& op) {
  const ir::Function& kernel = made.module.functions[made.module.kernel];
  const ir::ValueId subject = op.operands.empty() ? op.results[0] : op.operands[0];
  file.diagnostics().report(op.span, Kind::GridNotOnHost, kernel.name, ir::info(op.code).text,
                            ir::to_string(kernel.type(subject)), made.target.name);
  return false;
}

}  // namespace

bool plan_for_gpu(LoadedFile& file, Compilation& made) {
  const auto choices = machine_choices(file, made.arm);
  if (!choices) return false;
  const ir::Function& kernel = made.module.functions[made.module.kernel];
  auto grid = make_host_program(kernel);
  if (const auto* op = std::get_if<ir::OpId>(&grid)) {
    return report_grid(file, made, kernel.ops[*op]);
  }
  made.grid = std::get<HostProgram>(std::move(grid));
  made.gpu_plan = schedule::make_gpu_plan(made.module, made.strides, made.target, *choices);
  return check_blocks(file, made);
}

void emit_for_gpu(const LoadedFile& file, Compilation& made) {
  codegen::PtxText text =
      codegen::emit_ptx(made.module, file.sources(), made.gpu_plan, made.strides, made.target);
  made.llvm = std::move(text.llvm);
  made.text = std::move(text.ptx);
  made.entry = std::move(text.entry);
}

GpuKernel gpu_kernel_of(Compilation made) {
  GpuKernel kernel;
  kernel.image = std::move(made.text);
  kernel.entry = std::move(made.entry);
  kernel.threads = made.gpu_plan.threads();
  kernel.shared_bytes = made.gpu_plan.shared_bytes;
  kernel.grid = std::move(made.grid);
  if (!made.gpu_plan.pipeline) return kernel;
  const ir::Function& function = made.module.functions[made.module.kernel];
  kernel.blocks_stay = true;
  using schedule::Pipeline;
  for (const Pipeline::Side* side : {&made.gpu_plan.pipeline->a, &made.gpu_plan.pipeline->b}) {
    const ir::ValueId tensor = function.ops[side->load].operands[ir::op::Load::tensor];
    TensorMap& map = kernel.tensor_maps.emplace_back();
    map.word = static_cast<int>(ir::first_words(function)[function.values[tensor].index]);
    map.inner_dim = made.strides[schedule::tensor_number(function, tensor)].unit_dim;
    map.box_inner = static_cast<int>(Pipeline::box_width);
    map.box_outer = static_cast<int>(side->k_is_contiguous ? side->extent : Pipeline::depth);
  }
  return kernel;
}

}  // namespace tile
