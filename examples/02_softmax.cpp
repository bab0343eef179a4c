// A kernel of one's own as a differentiable operation: a forward launch and a vector-Jacobian
// product written with tensor operations. Run from the repository's root.
#include <cstdio>

#include "compiler/driver/jit_compiler.h"
#include "runtime/autograd/custom_op.h"
#include "runtime/autograd/functions.h"
#include "runtime/tensor/launch.h"

int main() {
  tile::install_jit_compiler();
  pg::Kernel kernel = pg::load_kernel("examples/02_softmax.tile", "softmax", {{"B", "64"}});

  // y = softmax(x), dx = y * (dy - sum(dy * y)).
  auto forward = [kernel](const pg::Tensors& inputs) {
    pg::Tensor y = pg::empty_like(inputs[0]);
    pg::launch(kernel, inputs[0], y);
    return y;
  };
  auto vjp = [](const pg::Tensors&, const pg::Tensor& y, const pg::Tensor& dy) {
    return pg::Tensors{y * (dy - (dy * y).sum({1}, /*keepdim=*/true))};
  };
  pg::CustomOp softmax = pg::make_op("softmax", forward, vjp);

  pg::Tensor x = pg::tensor({1, 2, 3, 1, 1, 1}).reshape({2, 3}).requires_grad_();
  pg::Tensor y = softmax(x);
  y.select(1, 0).sum().backward();
  for (float value : y.to_vector<float>()) std::printf("%.4f ", value);
  std::printf("\n");
  for (float value : x.grad().to_vector<float>()) std::printf("%.4f ", value);
  std::printf("\n");
}
