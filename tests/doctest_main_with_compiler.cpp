// The main function of unit-test programs whose tests launch kernels: installs the compiler first.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include "compiler/driver/jit_compiler.h"

int main(int count, char** arguments) {
  tile::install_jit_compiler();
  return doctest::Context(count, arguments).run();
}
