// What kernels/map.tile calls the element-wise operations, and which element types each takes.
#pragma once

#include <string_view>

#include "runtime/ops/elementwise.h"

namespace pg::ops {

struct UnaryFacts {
  const char* name;      // PyTorch's, in messages
  const char* function;  // in kernels/map.tile or the standard library
  Saved saved;           // for the gradient
  bool takes_integers;
  BinaryOp gradient;  // function of (g, saved); meaningless when saved is None
};
const UnaryFacts& facts(UnaryOp op);

struct BinaryFacts {
  enum class Result : std::uint8_t { Same, Bool };
  const char* name;
  const char* function;
  bool takes_f32;
  bool takes_integers;
  bool takes_bool;
  Result result;
  const char* of_integers = nullptr;  // the function, where it is another one
};
const BinaryFacts& facts(BinaryOp op);

inline constexpr std::size_t unary_count = static_cast<std::size_t>(UnaryOp::Trunc) + 1;
inline constexpr std::size_t binary_count = static_cast<std::size_t>(BinaryOp::SwiGlu) + 1;

}  // namespace pg::ops
