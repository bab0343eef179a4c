// tilec explain: what the compiler decided for each kernel: loops, buffers, flops and bytes moved.
#include <fmt/format.h>

#include "tools/tilec/command.h"

namespace tilec {

Command add_explain(CLI::App& app) {
  auto input = std::make_shared<Input>();
  auto* command = app.add_subcommand("explain", "Show loops, buffers, flops and bytes moved");
  input->add_to(*command, Input::Targets::All);
  return [input] {
    tile::LoadedFile file(read_source(input->path));
    for (const tile::Selection& selection : selections(file, *input)) {
      auto compilation = tile::compile_kernel(file, selection, tile::Until::Plan);
      if (!compilation) continue;
      fmt::print("{}", plan_text(*compilation));
    }
    return finish(file);
  };
}

}  // namespace tilec
