// A kernel written in CUDA C++, as text: compiled by NVRTC at its first launch on a GPU, launched
// on tensors and on the stream that the framework's own kernels use. With make_op
// (autograd/custom_op.h) it becomes a differentiable op. The way in for kernels that exist already,
// and the independent check of our own.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/device/kernel.h"

namespace pg::cuda {

/// Blocks of a launch, threads of a block, dynamic shared memory of a block.
struct LaunchShape {
  struct Extent {
    std::int64_t x = 1, y = 1, z = 1;
  };
  Extent grid;
  Extent block;
  std::int64_t shared_bytes = 0;
};

/// A cheap shared handle, safe to use from several threads.
class RawKernel {
 public:
  RawKernel() = default;
  /// `name` is the kernel as C++ code spells it, `options` are NVRTC's. Nothing is compiled yet.
  RawKernel(std::string source, std::string name, std::vector<std::string> options = {});

  /// One argument per parameter of the kernel, in order: a tensor is passed as the address of its
  /// first element (sizes and strides are the caller's business), a scalar by value with the size
  /// of its type. All tensors are on one GPU, and there is at least one. Queues the work; does
  /// nothing when the grid is empty. What the kernel writes is marked by the caller (mark_written).
  void launch(const LaunchShape& shape, std::span<const Argument> arguments) const;

  const std::string& name() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace pg::cuda
