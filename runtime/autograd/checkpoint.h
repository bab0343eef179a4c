// Memory for time: a part of a computation keeps only its inputs, and is computed again when a walk
// comes to it.
#pragma once

#include "runtime/autograd/tape.h"
#include "runtime/tensor/random.h"

namespace pg {

/// function(inputs), of which only `inputs` are kept for backward; the walk calls `function` again.
/// It may use further tensors that require gradients (parameters); their gradients arrive as
/// without checkpoint, bit for bit. It must do the same each time; the default generator, or
/// `generator`, which must live as long, is put back for the second call. May be nested and
/// differentiated again.
Tensor checkpoint(TensorFunction function, const Tensors& inputs, Generator* generator = nullptr);

}  // namespace pg
