// What the lessons (05 and on) share: options, reading a text, errors as one line. A lesson is a
// function that gets its settings; `main` is `return lesson::run(count, arguments, {...}, teach);`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace lesson {

struct Settings {
  std::filesystem::path data = "../shared/data";  // --data: the folder of data sets
  std::int64_t steps = 0;                         // --steps
  std::uint64_t seed = 1337;                      // --seed: of the default generator
};

/// Installs the compiler of kernels, reads --data, --steps, --seed and --device over `settings`,
/// and runs `teach`. Returns the program's exit code: 0, 2 for wrong options, 1 for an error, told
/// on stderr.
int run(int count, char** arguments, Settings settings, void (*teach)(const Settings&));

/// A whole file. Error when it cannot be read.
std::string read_text(const std::filesystem::path& path);

}  // namespace lesson
