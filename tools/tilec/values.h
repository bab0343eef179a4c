// Kernel arguments from the command line, and results as text.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "compiler/driver/compile.h"
#include "compiler/interpret/interpreter.h"
#include "runtime/device/kernel.h"
#include "runtime/tensor/random.h"
#include "runtime/tensor/tensor.h"

namespace tilec {

/// A tensor, or a scalar.
struct Value {
  bool is_set = false;
  bool is_default = false;  // an output that nothing was given for
  pg::Tensor tensor;
  pg::Argument scalar;
  double number = 0;  // of an f32 scalar: real mode does not round it
};

/// "2.5" for scalars; for tensors a .npy file, FILE.safetensors:NAME, or KIND:SIZES with KIND one
/// of random (standard normal; integers 0..9), zeros, ones, iota. UsageError names the argument.
Value parse_value(const tile::KernelParameter& parameter, const std::string& text,
                  pg::Generator& generator);

/// Notes the sizes that a tensor gives to the parameter's size symbols.
void learn_sizes(const tile::KernelParameter& parameter, const Value& value,
                 std::map<std::string, std::int64_t>& sizes);

/// An output of known sizes, filled with NaN (integers: 0). UsageError for what must be given:
/// inputs, and what is read and written unless it `may_be_undefined`.
Value default_value(const tile::KernelParameter& parameter,
                    const std::map<std::string, std::int64_t>& sizes, bool may_be_undefined);

/// As real mode takes it, or as the device does.
tile::interpret::Argument to_interpreter(const Value& value, bool is_real);

/// "y: f32[2, 3]" and the elements, a row a line; long dimensions show their ends.
std::string to_text(std::string_view name, const pg::Tensor& tensor);

}  // namespace tilec
