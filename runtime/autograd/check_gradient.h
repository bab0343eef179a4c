// Compares a function's recorded gradient with central differences, for tests of ops and vjps. The
// function runs in f32; sums over its result are taken on the host in double, so the differences
// carry about three digits at the default step.
#pragma once

#include <functional>
#include <string>

#include "runtime/autograd/tape.h"

namespace pg {

struct CheckGradientOptions {
  double step = 1e-2;
  /// Allowed error, relative to the largest gradient entry of the input (at least 1e-2).
  double tolerance = 3e-3;
  /// Checks the gradient's own gradient instead (create_graph).
  bool second_order = false;
  std::uint64_t seed = 1;  // of the weights that make one number of the result
};

/// Empty when all entries agree, else a sentence with the worst one. `inputs` are f32; they are
/// copied, the originals stay as they are.
std::string check_gradient(const std::function<Tensor(const Tensors&)>& function,
                           const Tensors& inputs, const CheckGradientOptions& options = {});

}  // namespace pg
