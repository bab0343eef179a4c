// A kernel's machine code on one GPU, and its launch: the grid is computed on the host, arguments
// are passed as they were packed, the work is queued on the GPU's stream. Nothing here allocates
// unless something is wrong.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "compiler/driver/compile.h"
#include "runtime/device/cuda_api.h"

namespace pg::cuda {

/// The longest host program of a grid.
inline constexpr std::size_t max_host_steps = 256;

/// Writes the results' values. The program must be well-formed (check_host_program).
void evaluate(const tile::HostProgram& program, tile::ArgumentWords words, std::int64_t* results);
/// Throws, named `kernel`, unless every operand is an earlier step and every word exists.
void check_host_program(const std::string& kernel, const tile::HostProgram& program,
                        int word_count);

class LoadedKernel {
 public:
  /// Loads `code` on GPU `index`; `label` names the kernel and its settings in messages and in the
  /// profile. Throws with the driver's log when the code does not load.
  LoadedKernel(std::string label, int index, tile::GpuKernel code, int word_count, int grid_rank);
  ~LoadedKernel();
  LoadedKernel(const LoadedKernel&) = delete;
  LoadedKernel& operator=(const LoadedKernel&) = delete;

  /// Queues all programs; returns at once. `words` has room for the grid's extents behind the
  /// arguments. Does nothing when the grid is empty.
  void launch(std::int64_t* words, const tile::KernelWork& work) const;

 private:
  void load(int index);
  std::string describe_launch(std::int64_t programs) const;

  std::string label_;
  int index_ = 0;
  tile::GpuKernel code_;
  int word_count_ = 0;
  int grid_rank_ = 0;
  Module module_ = nullptr;
  Function function_ = nullptr;
};

}  // namespace pg::cuda
