// See launch.h.
#include "runtime/tensor/launch.h"

namespace pg {

Argument argument(const Tensor& x) {
  return Argument::tensor(x.data(), element_of(x.dtype()), x.dim(), x.shape().data(),
                          x.strides().data(), x.device());
}

}  // namespace pg
