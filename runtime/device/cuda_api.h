// The part of the CUDA driver API that we use, declared by us and found in libcuda.so.1 at run
// time: the build needs no toolkit, and one binary runs with and without a GPU. Types and
// constants have the driver's values. Private to runtime/device's cuda_*.cpp files and their tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pg::cuda {

using Result = int;             // CUresult; 0 is success
using DeviceHandle = int;       // CUdevice
using Address = std::uint64_t;  // CUdeviceptr
using Context = struct ContextTag*;
using Stream = struct StreamTag*;
using Event = struct EventTag*;
using Module = struct ModuleTag*;
using Function = struct FunctionTag*;

struct alignas(64) TensorMap {  // CUtensorMap
  std::uint64_t words[16];
};

struct LaunchConfig {  // CUlaunchConfig
  unsigned grid_x = 1, grid_y = 1, grid_z = 1;
  unsigned block_x = 1, block_y = 1, block_z = 1;
  unsigned shared_bytes = 0;
  Stream stream = nullptr;
  void* attributes = nullptr;
  unsigned attribute_count = 0;
};

// Results that are looked at.
inline constexpr Result success = 0, error_out_of_memory = 2, error_no_device = 100,
                        error_unsupported_ptx_version = 222, error_not_ready = 600;
// CU_DEVICE_ATTRIBUTE_*
inline constexpr int attribute_clock = 13, attribute_multiprocessors = 16,
                     attribute_memory_clock = 36, attribute_memory_bus_bits = 37,
                     attribute_capability_major = 75, attribute_capability_minor = 76,
                     attribute_shared_optin = 97;
// CU_FUNC_ATTRIBUTE_*
inline constexpr int function_max_threads = 0, function_max_dynamic_shared = 8;
// CU_JIT_*
inline constexpr int jit_info_log = 3, jit_info_log_bytes = 4, jit_error_log = 5,
                     jit_error_log_bytes = 6;
inline constexpr unsigned stream_non_blocking = 1, event_without_timing = 2;
/// Dynamic shared memory that a block gets without function_max_dynamic_shared.
inline constexpr std::int64_t shared_without_asking = 48 << 10;

/// cuDriverGetVersion of the oldest driver that reads our PTX (ISA 8.3, compiler/schedule).
inline constexpr int oldest_driver = 12030;

struct Api {
#define CUDA_FUNCTION(name, symbol, ...) Result (*name)(__VA_ARGS__) = nullptr;
#include "runtime/device/cuda_functions.def"
  int driver_version = 0;  // 13000 is 13.0
  std::string library;     // what was opened
};

/// The outcome of opening a driver.
struct Driver {
  Api api;
  bool works = false;
  std::string reason;  // why not: what was found, what is needed
};
Driver open_driver(const std::string& library);

/// The driver of this process, opened and initialised at the first call, or null.
const Api* find_api();
/// Why find_api() is null: what was tried, found and needed.
const std::string& missing_reason();
/// find_api(), or throws Unavailable named `op`.
const Api& api(std::string_view op);

/// Throws unless `code` is success: "<op>: cuMemAlloc failed: CUDA_ERROR_OUT_OF_MEMORY (2): out of
/// memory; <advice>". `where` is put behind the call: a kernel and its launch.
void check(std::string_view op, const char* call, Result code, std::string_view where = {});
/// "CUDA_ERROR_OUT_OF_MEMORY (2): out of memory".
std::string name_of(Result code);
/// "13.0" for 13000.
std::string version_text(int version);

}  // namespace pg::cuda
