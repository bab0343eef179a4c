// Launches a kernel of one's own: load the text, make tensors, launch. Run from the repository's
// root.
#include <cstdio>

#include "compiler/driver/jit_compiler.h"
#include "runtime/autograd/functions.h"
#include "runtime/tensor/launch.h"

int main() {
  tile::install_jit_compiler();
  pg::Kernel vector_add = pg::load_kernel("examples/01_vector_add.tile", "vector_add");

  pg::Tensor a = pg::tensor({1, 2, 3, 4}), b = pg::tensor({10, 20, 30, 40});
  pg::Tensor c = pg::empty({4});
  pg::launch(vector_add, a, b, c);

  for (float value : c.to_vector<float>()) std::printf("%g ", value);
  std::printf("\n");
}
