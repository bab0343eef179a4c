// NVIDIA's run-time compiler for CUDA C++, found by dlopen: text to machine code for one GPU
// architecture. Only RawKernel (raw_kernel.h) needs it; kernels in the tile language do not.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace pg::cuda {

/// "13.0 (libnvrtc.so.13)"; nothing when there is none.
std::optional<std::string> nvrtc_version();

struct CompiledSource {
  std::string image;  // a cubin
  std::string entry;  // the kernel's name in it
};

/// Compiles CUDA C++ text. `name` is the kernel as C++ code spells it: "scale", "blur<float, 3>";
/// `options` are NVRTC's ("--fmad=false", "-DN=4"); `target` is "sm_90a". Throws pg::Error named
/// after the kernel with NVRTC's log; Unavailable without NVRTC.
CompiledSource compile_source(const std::string& source, const std::string& name,
                              const std::vector<std::string>& options, const std::string& target);

}  // namespace pg::cuda
