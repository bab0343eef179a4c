// tilec check: everything that can be wrong in a file, for every kernel and instance.
#include "tools/tilec/command.h"

namespace tilec {

Command add_check(CLI::App& app) {
  auto input = std::make_shared<Input>();
  auto* command = app.add_subcommand("check", "Check all kernels, instances and schedules");
  input->add_to(*command, Input::Targets::None);
  return [input] {
    tile::LoadedFile file(read_source(input->path));
    if (file.program()) file.program()->check();
    if (file.diagnostics().has_errors()) return finish(file);
    // The proofs (races, bounds) need the passes, the memory of the tiles needs the plan.
    for (const tile::Selection& selection : selections(file, *input)) {
      tile::compile_kernel(file, selection, tile::Until::Plan);
    }
    return finish(file);
  };
}

}  // namespace tilec
