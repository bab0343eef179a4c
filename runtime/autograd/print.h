// Tensors as text, exactly as PyTorch prints them:
//   tensor([[1.0000, 0.5000],
//           [0.2500, 0.1250]], requires_grad=True)
// Recorded results show the op that made them, grad_fn=<AddBackward0>; its spelling is the one
// place where the text may differ from PyTorch's, since ops do not map one to one.
#pragma once

#include <iosfwd>
#include <string>

#include "runtime/tensor/tensor.h"

namespace pg {

/// torch.set_printoptions, as an argument.
struct PrintOptions {
  int precision = 4;              // digits after the point
  std::int64_t threshold = 1000;  // more elements are summarised
  std::int64_t edge_items = 3;    // shown at each end of a summarised dimension
  int line_width = 80;
};

/// Copies what is shown to the host. "None" for an undefined tensor.
std::string to_string(const Tensor& x, const PrintOptions& options = {});
std::ostream& operator<<(std::ostream& out, const Tensor& x);

}  // namespace pg
