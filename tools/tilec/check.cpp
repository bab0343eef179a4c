// tilec check: everything that can be wrong in a file, for every kernel, instance and schedule.
#include <fmt/format.h>

#include <algorithm>

#include "tools/tilec/command.h"

namespace tilec {

namespace {

struct Options {
  Input input;
  std::vector<std::string> targets;
};

/// The targets given; else this machine's CPU, and a GPU for a kernel with a schedule for it.
std::vector<std::string> targets_of(tile::LoadedFile& file, const Options& options,
                                    const tile::Selection& selection) {
  if (!options.targets.empty()) return options.targets;
  const auto arms =
      file.program()->schedules(selection.kernel, default_gpu_target, selection.settings);
  const bool is_for_gpu = std::ranges::any_of(
      arms, [](const tile::sema::ScheduleArm& arm) { return !arm.span.file.is_none(); });
  return is_for_gpu ? std::vector<std::string>{"host", default_gpu_target}
                    : std::vector<std::string>{"host"};
}

/// The proofs (races, bounds) need the passes, the memory of the tiles needs the plan.
void check_plans(tile::LoadedFile& file, tile::Selection selection) {
  const auto count = static_cast<int>(tile::find_schedules(file, selection).size());
  for (selection.arm = 0; selection.arm < count; ++selection.arm) {
    tile::compile_kernel(file, selection, tile::Until::Plan);
  }
}

int check(const Options& options) {
  tile::LoadedFile file(read_source(options.input.path));
  if (file.program()) file.program()->check();
  if (file.diagnostics().has_errors()) return finish(file);
  for (tile::Selection selection : selections(file, options.input)) {
    for (const std::string& target : targets_of(file, options, selection)) {
      selection.target = target;
      check_plans(file, selection);
    }
  }
  return finish(file);
}

}  // namespace

Command add_check(CLI::App& app) {
  auto options = std::make_shared<Options>();
  auto* command = app.add_subcommand("check", "Check all kernels, instances and schedules");
  options->input.add_to(*command, Input::Targets::None);
  command
      ->add_option(
          "--target", options->targets,
          fmt::format("plan for this target, may be repeated; default: host, and {} where a "
                      "schedule serves it",
                      default_gpu_target))
      ->allow_extra_args(false)
      ->check(CLI::IsMember(tile::schedule::target_names()));
  return [options] { return check(*options); };
}

}  // namespace tilec
