// What generated code may assume of one tensor argument's memory. The launcher computes it from an
// argument's strides, the scheduler and the code generator use it, and it is part of what a
// compiled variant is found by.
#pragma once

#include <cstdint>

namespace tile {

struct StrideClass {
  std::int8_t unit_dim = -1;   // the innermost dimension whose stride is 1, or -1
  std::uint8_t zero_dims = 0;  // bit d: stride of dimension d is 0 (broadcast)
  bool aligned = false;        // base and all other strides: multiples of 16 bytes; CPU: not said

  bool operator==(const StrideClass&) const = default;
};

}  // namespace tile
