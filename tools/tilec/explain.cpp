// tilec explain: what the compiler decided for each kernel (loops, buffers, flops and bytes moved,
// or layouts and shared memory), what keeps it from being faster, and what to change.
#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "compiler/driver/assembler_log.h"
#include "compiler/schedule/gpu/gpu_remarks.h"
#include "tools/tilec/command.h"
#include "tools/tilec/toolkit.h"

namespace tilec {

namespace {

struct Options {
  Input input;
  Strides strides;
  int arm = -1;
};

/// Registers, spills, and how many blocks a multiprocessor runs at once.
std::string resources(const tile::Compilation& made) {
  const tile::schedule::Target& target = made.target;
  const std::int64_t threads = made.gpu_plan.threads(), shared = made.gpu_plan.shared_bytes;
  constexpr std::int64_t reserved = 1 << 10;  // of shared memory, for each block
  std::vector<std::pair<std::int64_t, const char*>> limits = {
      {(target.shared_bytes + reserved) / (shared + reserved), "bytes of shared memory"},
      {target.resident_threads / threads, "threads"},
      {target.resident_blocks, "blocks"}};
  const auto count = [](const auto& limit) { return limit.first; };
  if (!find_program("ptxas")) {
    return fmt::format(
        "  {} threads, {} bytes of shared memory: at most {} blocks on a multiprocessor "
        "(registers: unknown without ptxas)\n",
        threads, shared, std::ranges::min(limits, {}, count).first);
  }
  const tile::AssemblerLog log = tile::read_assembler_log(assemble(made.text, target.name).log);
  constexpr std::int64_t granule = 8;  // registers of a thread come in such steps
  const std::int64_t taken = std::max((log.registers + granule - 1) / granule * granule, granule);
  limits.emplace(limits.begin(), target.register_count / (taken * threads), "registers");
  const auto [blocks, limit] = *std::ranges::min_element(limits, {}, count);
  return fmt::format(
      "  {} threads of {} registers, {} bytes spilled, {} bytes of shared memory: {} blocks on a "
      "multiprocessor, {} are the limit\n",
      threads, log.registers, log.spill_bytes, shared, blocks, limit);
}

void print_remarks(const tile::LoadedFile& file, const tile::Compilation& made) {
  const tile::ir::Function& kernel = made.module.functions[made.module.kernel];
  const auto remarks = made.target.is_gpu()
                           ? tile::schedule::remarks(made.gpu_plan, kernel, made.strides)
                           : tile::schedule::remarks(made.plan, kernel, made.strides);
  if (!remarks.empty()) fmt::print("what costs time\n");
  for (const tile::schedule::Remark& remark : remarks) {
    fmt::print("  {}: {}: {}{}{}\n", file.sources().describe(remark.span), remark.what, remark.why,
               remark.change.empty() ? "" : "; ", remark.change);
  }
}

int explain(const Options& options) {
  tile::LoadedFile file(read_source(options.input.path));
  for (tile::Selection& selection : selections(file, options.input, options.strides)) {
    const auto schedules = static_cast<int>(tile::find_schedules(file, selection).size());
    if (schedules > 0 && options.arm >= schedules) {
      throw UsageError{fmt::format("--arm {}: kernel `{}` has {} schedule{} for {}, counted from 0",
                                   options.arm, selection.kernel, schedules,
                                   schedules == 1 ? "" : "s", selection.target)};
    }
    selection.arm = options.arm;
    const bool is_gpu = tile::schedule::find_target(selection.target)->is_gpu();
    const bool is_assembled = is_gpu && find_program("ptxas").has_value();
    const auto made =
        tile::compile_kernel(file, selection, is_assembled ? tile::Until::Text : tile::Until::Plan);
    if (!made) continue;
    fmt::print("{}", plan_text(*made));
    if (is_gpu) fmt::print("{}", resources(*made));
    print_remarks(file, *made);
  }
  return finish(file);
}

}  // namespace

Command add_explain(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand(
      "explain", "Show what was decided, what keeps kernels from being faster and what to change");
  options->input.add_to(*command, Input::Targets::All);
  options->strides.add_to(*command);
  command
      ->add_option("--arm", options->arm,
                   "which schedule of those for the target, from 0; default: the last")
      ->check(CLI::NonNegativeNumber);
  return [options] { return explain(*options); };
}

}  // namespace tilec
