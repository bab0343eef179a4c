// One kernel for every layout: strides are part of the tensors, and the schedule beside the kernel
// picks tile sizes for the machine. Run from the repository's root.
#include <cmath>
#include <cstdio>

#include "compiler/driver/jit_compiler.h"
#include "runtime/autograd/functions.h"
#include "runtime/tensor/launch.h"
#include "runtime/tensor/random.h"

int main() {
  tile::install_jit_compiler();
  pg::Kernel matmul = pg::load_kernel("examples/03_matmul.tile", "matmul");

  pg::manual_seed(1);
  pg::Tensor a = pg::randn({300, 200}), b = pg::randn({200, 100});
  pg::Tensor c = pg::empty({300, 100}), d = pg::empty({100, 300});
  pg::launch(matmul, a, b, c);                                  // c = a b
  pg::launch(matmul, b.transpose(0, 1), a.transpose(0, 1), d);  // d = b^T a^T = c^T

  std::vector<float> left = c.to_vector<float>(), right = d.transpose(0, 1).to_vector<float>();
  std::printf("%s\n", left == right ? "the same bits in both layouts" : "different");
  return left == right ? 0 : 1;
}
