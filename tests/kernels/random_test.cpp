// Random kernels: interpreter against machine code. RANDOM_PROGRAMS=n runs more of them,
// RANDOM_SEED=n starts elsewhere; a failing text is printed with its seed.
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

#include <doctest/doctest.h>

#include "tests/kernels/random_program.h"

namespace tile::harness {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

TEST_CASE("random kernels") {
  const std::uint64_t first = from_environment("RANDOM_SEED", 1);
  const std::uint64_t count = from_environment("RANDOM_PROGRAMS", 24);
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Row row = random_row(seed);
    if (const char* file = std::getenv("RANDOM_TEXT")) {
      std::stringstream text;
      text << std::ifstream(file).rdbuf();
      row.file = text.str();
    }
    INFO("seed ", seed, "\n", row.file);
    run_row(row);
  }
}

}  // namespace
}  // namespace tile::harness
