// What generated code may assume of one tensor argument's memory. The launcher computes it from an
// argument's strides, the scheduler and the code generator use it, and it is part of what a
// compiled variant is found by.
#pragma once

#include <cstdint>

namespace tile {

struct StrideClass {
  std::int8_t unit_dim = -1;   // the innermost dimension whose stride is 1, or -1
  std::uint8_t zero_dims = 0;  // bit d: stride of dimension d is 0 (broadcast)
  /// Vectors of 16 bytes along the unit dimension never straddle: the base address, the size of the
  /// unit dimension and every stride of another dimension with more than one element (zero strides
  /// included) are multiples of 16 bytes. Always false on a CPU and without a unit dimension.
  bool aligned = false;

  bool operator==(const StrideClass&) const = default;
};

}  // namespace tile
