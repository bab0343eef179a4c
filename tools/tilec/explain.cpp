// tilec explain: what the compiler decided for each kernel (loops, buffers, flops and bytes moved,
// or layouts and shared memory), what keeps it from being faster, and what to change.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

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

/// The number before `words` in ptxas's log.
long number_before(const std::string& log, const std::string& words) {
  std::size_t begin = log.find(words);
  if (begin == std::string::npos) return 0;
  while (begin > 0 && log[begin - 1] >= '0' && log[begin - 1] <= '9') --begin;
  return std::strtol(log.c_str() + begin, nullptr, 10);
}

/// Registers, spills, and how many blocks a multiprocessor runs at once.
std::string resources(const tile::Compilation& made) {
  const tile::schedule::Target& target = made.target;
  const int threads = made.gpu_plan.threads();
  constexpr std::int64_t reserved = 1 << 10;  // of shared memory, for each block
  const std::int64_t by_shared =
      (target.shared_bytes + reserved) / (made.gpu_plan.shared_bytes + reserved);
  const std::int64_t by_threads = target.resident_threads / threads;
  if (!find_program("ptxas")) {
    return fmt::format(
        "  {} threads, {} bytes of shared memory: at most {} blocks on a multiprocessor "
        "(registers: "
        "unknown without ptxas)\n",
        threads, made.gpu_plan.shared_bytes, std::min(by_shared, by_threads));
  }
  const std::string log = assemble(made.text, target.name).log;
  constexpr long granule = 8;  // registers of a thread come in such steps
  const long registers = number_before(log, " registers");
  const long taken = std::max((registers + granule - 1) / granule * granule, granule);
  const std::int64_t by_registers = target.register_count / (taken * threads);
  const std::int64_t blocks = std::min({by_shared, by_threads, by_registers});
  return fmt::format(
      "  {} threads of {} registers, {} bytes spilled, {} bytes of shared memory: {} blocks on a "
      "multiprocessor, {} are the limit\n",
      threads, registers, number_before(log, " bytes spill stores"), made.gpu_plan.shared_bytes,
      blocks,
      blocks == by_registers ? "registers"
      : blocks == by_shared  ? "bytes of shared memory"
                             : "threads");
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
  for (tile::Selection& selection : selections(file, options.input)) {
    selection.strides = options.strides.of(file, selection);
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
  command->add_option("--arm", options->arm,
                      "which schedule of those for the target, from 0; default: the last");
  return [options] { return explain(*options); };
}

}  // namespace tilec
