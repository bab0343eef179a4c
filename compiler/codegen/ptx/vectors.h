// Registers that are accessed together: bits of the register number step through neighbours in
// memory (schedule::vector_bits).
#pragma once

#include <cstddef>
#include <vector>

namespace tile::codegen::ptx {

/// `number` with the bits at these positions set as the low bits of `bits` are.
inline int with_bits(int number, const std::vector<int>& positions, int bits) {
  for (std::size_t i = 0; i < positions.size(); ++i) number |= (bits >> i & 1) << positions[i];
  return number;
}

inline int mask_of(const std::vector<int>& positions) { return with_bits(0, positions, ~0); }

inline bool is_first_of_vector(int number, const std::vector<int>& bits) {
  return (number & mask_of(bits)) == 0;
}

/// The registers of the vector that begins with register `first`.
inline std::vector<std::size_t> members_of(int first, const std::vector<int>& bits) {
  std::vector<std::size_t> members;
  for (int i = 0; i < 1 << bits.size(); ++i) {
    members.push_back(static_cast<std::size_t>(with_bits(first, bits, i)));
  }
  return members;
}

}  // namespace tile::codegen::ptx
