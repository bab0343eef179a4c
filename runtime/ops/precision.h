// The precision of matrix products: an argument of each, never a global. fp32 has the same bits on
// every device; tf32 rounds operands to 10 bits of fraction and adds in f32, on tensor cores where
// there are some.
#pragma once

#include <cstdint>
#include <string_view>

namespace pg {

enum class Precision : std::uint8_t { Fp32, Tf32 };

/// The tile language's name, as in `--precision`: "fp32", "tf32".
constexpr std::string_view name_of(Precision precision) {
  return precision == Precision::Fp32 ? "fp32" : "tf32";
}

}  // namespace pg
