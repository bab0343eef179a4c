// Kernels compiled ahead of time: all schedule arms of one instance for one class of strides, and a
// C++ header that chooses among them by sizes and launches them (driver/built/*.h has what such
// headers share). Nothing of the compiler is needed to use the result.
#pragma once

#include "compiler/driver/pipeline.h"

namespace tile {

struct BuiltArm {
  ScheduleArm conditions;
  Settings tune;
  std::string text;                // C++ or PTX
  std::int64_t scratch_bytes = 0;  // CPUs
  GpuKernel gpu;                   // GPUs; its image goes into the header
};

struct BuiltKernel {
  std::string name;    // of the header and its namespace; as C++ allows, like those of parameters
  std::string source;  // the file that the kernel is from
  Settings settings;   // `const` and overridden `tune` parameters
  KernelSignature signature;
  std::size_t word_count = 0;  // of a launch's arguments
  schedule::Target target;
  std::vector<StrideClass> strides;  // one per tensor parameter
  std::vector<BuiltArm> arms;

  /// Functions and images of an arm begin with it: "softmax_0".
  std::string arm_name(std::size_t arm) const { return name + "_" + std::to_string(arm); }
};

/// All arms of the selection's kernel. `strides`: empty for packed and aligned.
std::optional<BuiltKernel> build_kernel(LoadedFile& file, Selection selection);

/// The header's text.
std::string launch_header(const BuiltKernel& kernel);

}  // namespace tile
