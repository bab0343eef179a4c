// See resource_errors.h.
#include "compiler/driver/resource_errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "compiler/driver/nearest_fit.h"

namespace tile {

namespace {

/// Something that takes memory, as a note of the message says it.
struct Taker {
  std::string name, text;
  std::int64_t bytes = 0;
};

/// Each counted where it does not share another's memory.
std::vector<Taker> takers(const Compilation& made) {
  std::vector<Taker> all;
  for (const schedule::Region& region : made.gpu_plan.regions) {
    all.push_back({region.name,
                   fmt::format("`{}` takes {} bytes of shared memory", region.name, region.bytes),
                   region.bytes});
  }
  for (const schedule::Buffer& buffer : made.plan.buffers) {
    if (!buffer.same_memory.is_none()) continue;
    const auto bytes = static_cast<std::int64_t>(buffer.bytes);
    all.push_back({buffer.name,
                   fmt::format("buffer `{}`, {}{}, takes {} bytes", buffer.name,
                               ir::name(buffer.element), ir::to_string(buffer.shape), bytes),
                   bytes});
  }
  std::ranges::sort(all, [](const Taker& a, const Taker& b) {
    return a.bytes != b.bytes ? a.bytes > b.bytes : a.text < b.text;
  });
  return all;
}

/// The nearest setting that fits, and the schedule that it would change.
void help_to_fit(Diagnostics::Builder report, LoadedFile& file, const Selection& selection,
                 const Compilation& made, const std::string& otherwise) {
  if (!report.is_new()) return;  // the search takes a while
  const std::string setting = nearest_fit(file, selection, made);
  if (!made.arm.span.file.is_none()) report.note(made.arm.span, "with this schedule");
  report.help(setting.empty() ? otherwise : setting);
}

bool report_memory(LoadedFile& file, const Selection& selection, const Compilation& made) {
  if (memory_needed(made) <= memory_limit(made.target)) return true;
  const ir::Function& kernel = made.module.functions[made.module.kernel];
  auto report =
      file.diagnostics().report(kernel.span, Kind::TooMuchMemory, kernel.name, memory_needed(made),
                                made.target.name, memory_limit(made.target));
  constexpr std::size_t shown = 4;
  const std::vector<Taker> all = takers(made);
  for (std::size_t i = 0; i < std::min(shown, all.size()) && all[i].bytes > 0; ++i) {
    report.note(all[i].text);
  }
  help_to_fit(report, file, selection, made, "choose smaller extents for `" + all[0].name + "`");
  return false;
}

/// A tile that alone takes more registers than a thread has would live in slow local memory.
bool report_registers(LoadedFile& file, const Selection& selection, const Compilation& made) {
  const LargestTile largest = largest_tile(made);
  const std::int64_t limit = register_limit(made);
  if (largest.registers <= limit) return true;
  const ir::Function& kernel = made.module.functions[made.module.kernel];
  const ir::OpId op = kernel.values[largest.value].op;
  const std::string& name = kernel.values[largest.value].name;
  const int threads = made.gpu_plan.warps * schedule::lanes_per_warp;
  auto report = file.diagnostics().report(
      op.is_none() ? kernel.span : kernel.ops[op].span, Kind::TooManyRegisters,
      name.empty() ? "a tile" : "tile `" + name + "`", ir::to_string(kernel.type(largest.value)),
      largest.registers, made.target.name, limit);
  report.note(fmt::format("the {} threads of a block share its tiles", threads));
  // Extents are padded to powers of two.
  const auto elements =
      std::bit_floor(static_cast<std::uint64_t>(limit / largest.registers_of_element));
  help_to_fit(report, file, selection, made,
              fmt::format("choose smaller extents, at most {} elements in a tile",
                          elements * static_cast<std::uint64_t>(threads)));
  return false;
}

}  // namespace

bool report_resources(LoadedFile& file, const Selection& selection, const Compilation& made) {
  return report_memory(file, selection, made) && report_registers(file, selection, made);
}

}  // namespace tile
