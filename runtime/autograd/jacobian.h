// Derivatives of whole functions, put together from walks: products of Jacobians with vectors, and
// Jacobians and Hessians of small ones. A function takes its inputs as a list and returns one
// tensor; it may use other tensors, which count as constants. With `create_graph` what is returned
// can be differentiated again, also in the inputs given.
#pragma once

#include "runtime/autograd/tape.h"

namespace pg {

struct FunctionalOptions {
  bool create_graph = false;
};

/// function(inputs) and v^T J: for each input, of its shape; `v` is of the result's shape.
struct VjpResult {
  Tensor output;
  Tensors gradients;
};
VjpResult vjp(const TensorFunction& function, const Tensors& inputs, const Tensor& v,
              FunctionalOptions options = {});

/// function(inputs) and J v, of its shape; `v` has one tensor per input, of its shape. Two walks:
/// J v is the gradient of v^T J in its v.
struct JvpResult {
  Tensor output;
  Tensor tangent;
};
JvpResult jvp(const TensorFunction& function, const Tensors& inputs, const Tensors& v,
              FunctionalOptions options = {});

/// function(inputs), one number, and H v: for each input, of its shape.
struct HvpResult {
  Tensor output;
  Tensors products;
};
HvpResult hvp(const TensorFunction& function, const Tensors& inputs, const Tensors& v,
              FunctionalOptions options = {});

/// d result / d input for each input: the result's shape, then the input's. One walk per element of
/// the result.
Tensors jacobian(const TensorFunction& function, const Tensors& inputs,
                 FunctionalOptions options = {});

/// Second derivatives of a function whose result is one number: [i][j] has the shape of input i,
/// then that of input j. One walk per element of the inputs.
std::vector<Tensors> hessian(const TensorFunction& function, const Tensors& inputs,
                             FunctionalOptions options = {});

}  // namespace pg
