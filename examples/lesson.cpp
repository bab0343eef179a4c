// See lesson.h.
#include "examples/lesson.h"

#include <cstdio>

#include "compiler/driver/jit_compiler.h"
#include "runtime/device/device.h"
#include "runtime/device/error.h"
#include "runtime/nn/file.h"
#include "runtime/tensor/random.h"
#include "tools/cli/parse.h"

namespace lesson {

int run(int count, char** arguments, Settings settings, void (*teach)(const Settings&)) {
  std::string device = "cpu";
  CLI::App app("A lesson of picograd; its source tells what it does.");
  app.add_option("--data", settings.data, "folder of data sets")->capture_default_str();
  app.add_option("--steps", settings.steps, "training steps")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 30));
  app.add_option("--seed", settings.seed, "of all random numbers")->capture_default_str();
  app.add_option("--device", device, "cpu, cuda or cuda:N")->capture_default_str();
  if (const std::optional<int> code = cli::parse(app, count, arguments)) return *code;
  try {
    tile::install_jit_compiler();
    pg::set_default_device(pg::parse_device(device));
    pg::manual_seed(settings.seed);
    teach(settings);
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
}

std::string read_text(const std::filesystem::path& path) {
  const pg::nn::InputFile file("lesson", path.string());
  std::string text(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(text)));
  return text;
}

}  // namespace lesson
