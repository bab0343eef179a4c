// Launches kernels that `tilec build` compiled for an NVIDIA GPU, through the CUDA driver: its
// library is opened at run time, or its functions come from the caller. No CUDA header is needed;
// where cuda.h is included too, its handles are the same types.
#pragma once

#ifndef TILE_GPU_H  // a program may have several copies
#define TILE_GPU_H

#include <dlfcn.h>

#include <limits>
#include <type_traits>

#include "tile_launch.h"

struct CUstream_st;
struct CUmod_st;
struct CUfunc_st;
typedef CUstream_st* CUstream;

namespace tile_built {

/// CUlaunchConfig.
struct LaunchConfig {
  unsigned grid_x = 1, grid_y = 1, grid_z = 1, block_x = 1, block_y = 1, block_z = 1;
  unsigned shared_bytes = 0;
  CUstream stream = nullptr;
  void* attributes = nullptr;
  unsigned attribute_count = 0;
};

/// CUtensorMap.
struct alignas(64) TensorMap {
  std::uint64_t words[16];
};

/// The driver's functions that launching needs; results are CUresult.
struct Driver {
  int (*load)(CUmod_st**, const void* image, unsigned, int*, void**) = nullptr;
  int (*unload)(CUmod_st*) = nullptr;
  int (*find)(CUfunc_st**, CUmod_st*, const char* name) = nullptr;
  int (*set)(CUfunc_st*, int attribute, int value) = nullptr;
  int (*launch)(const LaunchConfig*, CUfunc_st*, void** parameters, void** extra) = nullptr;
  int (*device)(int*, int ordinal) = nullptr;
  int (*device_attribute)(int*, int attribute, int device) = nullptr;
  int (*encode)(TensorMap*, int, unsigned, std::uint64_t, const std::uint64_t*,
                const std::uint64_t*, const std::uint32_t*, const std::uint32_t*, int, int, int,
                int) = nullptr;  // only since CUDA 12
  int (*error_text)(int result, const char** text) = nullptr;

  /// `resolve` gives the address of a symbol of libcuda.so.1, or null. False when one is missing.
  template <class Resolve>
  bool fill(Resolve&& resolve) {
    const auto get = [&](auto& function, const char* name) {
      function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(resolve(name));
      return function != nullptr;
    };
    get(encode, "cuTensorMapEncodeTiled");
    return get(load, "cuModuleLoadDataEx") && get(unload, "cuModuleUnload") &&
           get(find, "cuModuleGetFunction") && get(set, "cuFuncSetAttribute") &&
           get(launch, "cuLaunchKernelEx") && get(device, "cuDeviceGet") &&
           get(device_attribute, "cuDeviceGetAttribute") && get(error_text, "cuGetErrorString");
  }
  /// From the library of that name; the caller has called cuInit and made a context current.
  bool open(const char* library = "libcuda.so.1") {
    void* handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    return handle != nullptr && fill([&](const char* name) { return dlsym(handle, name); });
  }
  const char* describe(int result) const {
    const char* text = nullptr;
    return error_text(result, &text) == 0 && text != nullptr ? text : "a CUDA error";
  }
};

/// A matrix that the kernel reads through the tensor memory accelerator.
struct MapInfo {
  int word;  // its address among the argument words, then two sizes and two strides
  int inner_dim, box_inner, box_outer;
};

/// The machine code of one schedule arm.
struct GpuCode {
  const void* image;  // PTX, zero-terminated, or a cubin
  const char* entry;
  int threads;  // of a block; a block runs one program
  int shared_bytes;
  bool blocks_stay;  // no more blocks than multiprocessors: each runs program after program
  int grid_rank;
  void (*grid)(const std::int64_t* arguments, std::int64_t* extents);
  int map_count;
  MapInfo maps[2];
};

/// An arm loaded into the current context. Unloads itself.
class GpuKernel {
 public:
  GpuKernel() = default;
  GpuKernel(const GpuKernel&) = delete;
  GpuKernel& operator=(const GpuKernel&) = delete;
  ~GpuKernel() {
    if (module_ != nullptr) driver_.unload(module_);
  }

  /// Null, or what went wrong.
  const char* load(const Driver& driver, const GpuCode& code, const void* image,
                   int device_ordinal) {
    if (module_ != nullptr) driver_.unload(module_);
    module_ = nullptr;
    function_ = nullptr;
    driver_ = driver;
    constexpr int dynamic_shared_attribute = 8, multiprocessors_attribute = 16;
    int device = 0, result = driver.device(&device, device_ordinal);
    if (result == 0) {
      result = driver.device_attribute(&multiprocessors_, multiprocessors_attribute, device);
    }
    if (result == 0) result = driver.load(&module_, image, 0, nullptr, nullptr);
    if (result == 0) result = driver.find(&function_, module_, code.entry);
    if (result == 0 && code.shared_bytes > (48 << 10)) {
      result = driver.set(function_, dynamic_shared_attribute, code.shared_bytes);
    }
    return result == 0 ? nullptr : driver.describe(result);
  }

  /// `words`: the arguments, and room for the grid's extents behind them.
  template <int count>
  const char* launch(const GpuCode& code, CUstream stream, std::int64_t (&words)[count]) const {
    if (function_ == nullptr) return "the kernel is not loaded";
    std::int64_t* extents = words + count - code.grid_rank;
    code.grid(words, extents);
    const std::int64_t programs =
        count_programs(extents, code.grid_rank, std::numeric_limits<std::int32_t>::max());
    if (programs < 0) return "the grid has more than 2^31 - 1 programs";
    if (programs == 0) return nullptr;
    TensorMap maps[2] = {};
    void* parameters[count + 2];
    for (int i = 0; i < count; ++i) parameters[i] = words + i;
    for (int i = 0; i < code.map_count; ++i) {
      parameters[count + i] = &maps[i];
      const int result = encode(code.maps[i], words, maps[i]);
      if (result != 0) return driver_.describe(result);
    }
    LaunchConfig config;
    const bool is_fewer = code.blocks_stay && multiprocessors_ < programs;
    config.grid_x = static_cast<unsigned>(is_fewer ? multiprocessors_ : programs);
    config.block_x = static_cast<unsigned>(code.threads);
    config.shared_bytes = static_cast<unsigned>(code.shared_bytes);
    config.stream = stream;
    const int result = driver_.launch(&config, function_, parameters, nullptr);
    return result == 0 ? nullptr : driver_.describe(result);
  }

 private:
  int encode(const MapInfo& info, const std::int64_t* words, TensorMap& map) const {
    constexpr int not_supported = 801, tfloat32 = 11, swizzle_128_bytes = 3, promote_256_bytes = 3;
    const std::int64_t* facts = words + info.word;
    const int inner = info.inner_dim, outer = 1 - inner;
    const std::uint64_t sizes[] = {static_cast<std::uint64_t>(facts[1 + inner]),
                                   static_cast<std::uint64_t>(facts[1 + outer])};
    if (sizes[0] == 0 || sizes[1] == 0) return 0;  // nothing is read
    if (driver_.encode == nullptr) return not_supported;
    // A single row has no stride; any that the driver takes will do.
    const std::uint64_t strides[] = {sizes[1] == 1 ? (sizes[0] * sizeof(float) + 15) / 16 * 16
                                                   : static_cast<std::uint64_t>(facts[3 + outer]) *
                                                         sizeof(float)};
    const std::uint32_t box[] = {static_cast<std::uint32_t>(info.box_inner),
                                 static_cast<std::uint32_t>(info.box_outer)};
    const std::uint32_t steps[] = {1, 1};
    return driver_.encode(&map, tfloat32, 2, static_cast<std::uint64_t>(facts[0]), sizes, strides,
                          box, steps, 0, swizzle_128_bytes, promote_256_bytes, 0);
  }

  Driver driver_ = {};
  CUmod_st* module_ = nullptr;
  CUfunc_st* function_ = nullptr;
  int multiprocessors_ = 1;
};

}  // namespace tile_built

#endif
