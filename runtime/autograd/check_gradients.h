// Compares a function's gradients, and the gradients of these, with central differences over the
// real numbers: the function runs on the device `real`, where every f32 is a double (device.h), so
// that differences carry nine digits and a wrong term shows as what it is, not as rounding. For
// tests of ops and vjps.
#pragma once

#include <string>

#include "runtime/autograd/tape.h"

namespace pg {

struct CheckGradientsOptions {
  int order = 2;  // 1: the gradients alone; 2: also the gradients of the gradients; and so on
  double step = 1e-6;
  /// Allowed: |difference quotient - gradient| <= absolute + relative * |gradient|.
  double absolute = 1e-7;
  double relative = 1e-6;
  /// Allowed error of the f32 gradients on the inputs' own device, relative to the largest entry of
  /// the input's real gradient (at least 1).
  double rounding = 1e-5;
  std::uint64_t seed = 1;  // of the weights that make one number of the result
};

/// Empty when all of these agree, else a sentence with the worst entry:
///  - differences, the gradients of a plain walk (fused kernels) and those of a recorded walk
///    (composites of small ops), for every order;
///  - the gradients on the inputs' own device, in f32, with the real ones.
/// `function` gets the inputs on `real`, which is the default device for what it creates; all
/// tensors it uses must be among the inputs, of which the f32 ones are differentiated. It may draw
/// from the default generator, which it finds in the same state each time.
std::string check_gradients(const TensorFunction& function, const Tensors& inputs,
                            const CheckGradientsOptions& options = {});

}  // namespace pg
