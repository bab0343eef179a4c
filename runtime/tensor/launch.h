// Launching a kernel on tensors and C++ scalars: pg::launch(kernel, x, y, 1e-5f). The device layer
// knows memory, sizes and strides (Argument); this turns handles into those. All checks happen in
// Kernel::launch.
#pragma once

#include <array>

#include "runtime/device/kernel.h"
#include "runtime/device/raw_kernel.h"
#include "runtime/tensor/tensor.h"

namespace pg {

constexpr Element element_of(DType type) {
  switch (type) {
    case DType::F32:
      return Element::F32;
    case DType::I32:
      return Element::I32;
    case DType::I64:
      return Element::I64;
    case DType::Bool:
      return Element::Bool;
  }
  return Element::F32;
}

/// Points at the tensor's own sizes and strides: the handle must live until the launch is done.
Argument argument(const Tensor& x);
/// An f32 for kernels, which have no other floats: rounded, but on the device `real`.
inline Argument argument(double value) { return Argument::scalar(value); }
inline Argument argument(std::int32_t value) { return Argument::scalar(value); }
inline Argument argument(std::int64_t value) { return Argument::scalar(value); }
inline Argument argument(bool value) { return Argument::scalar(value); }

/// One value per kernel parameter, in order.
template <typename... Values>
void launch(const Kernel& kernel, const Values&... values) {
  const std::array<Argument, sizeof...(Values)> arguments{argument(values)...};
  kernel.launch(arguments);
}

/// The same for a kernel in CUDA C++: pg::launch(kernel, {.grid = {8}, .block = {256}}, x, y, 3).
template <typename... Values>
void launch(const cuda::RawKernel& kernel, const cuda::LaunchShape& shape,
            const Values&... values) {
  const std::array<Argument, sizeof...(Values)> arguments{argument(values)...};
  kernel.launch(shape, arguments);
}

}  // namespace pg
