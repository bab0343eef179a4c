// The main function of unit-test programs whose tests make tensors: the same tests run on the CPU
// and, with PICOGRAD_TEST_DEVICE=cuda, on a GPU (a skip where there is none). "fake" runs them
// against the stand-in driver of tests/fake_cuda, which shows that tensors and results lie where
// they should.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "compiler/driver/jit_compiler.h"
#include "runtime/device/device.h"
#include "tests/fake_cuda/stand_in_compiler.h"

int main(int count, char** arguments) {
  const char* chosen = std::getenv("PICOGRAD_TEST_DEVICE");
  const std::string device = chosen != nullptr ? chosen : "cpu";
  tile::install_jit_compiler();
  if (device == "fake") {
    setenv("PICOGRAD_LIBCUDA", PICOGRAD_FAKE_CUDA, 1);
    static StandInCompiler compiler(*tile::installed_compiler());
    tile::install_compiler(&compiler);
  }
  if (device != "cpu") {
    if (pg::cuda_device_count() == 0) {
      const std::string_view program = arguments[0];
      std::printf("SKIP %s on %s: no GPU\n",
                  std::string(program.substr(program.rfind('/') + 1)).c_str(), device.c_str());
      return 0;
    }
    pg::set_default_device(pg::parse_device(device == "fake" ? "cuda" : device));
  }
  return doctest::Context(count, arguments).run();
}
