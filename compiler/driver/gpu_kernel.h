// GpuKernels on disk: what decides one's bytes, and its text form. The key is made of what goes
// into the compiler, not of any stage's output, so that a kernel found in the cache costs neither
// parsing nor checking.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "compiler/driver/cache.h"
#include "compiler/driver/compile.h"

namespace tile {

/// Every part of a request, one a line; CacheKey::text.
std::string describe(const CompileRequest& request);

/// A hash of the compiler's own sources; CacheKey::compiler.
extern const char* const compiler_fingerprint;

std::string encode(const GpuKernel& kernel);
/// Nothing when the text is not one that encode wrote.
std::optional<GpuKernel> decode_gpu_kernel(std::string_view text);

}  // namespace tile
