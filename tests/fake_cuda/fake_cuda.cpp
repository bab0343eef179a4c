// See fake_cuda.h.
#include "tests/fake_cuda/fake_cuda.h"

#include <sys/mman.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>

#include "compiler/driver/compile.h"
#include "runtime/device/cuda_api.h"

using namespace pg::cuda;

namespace {

constexpr Result invalid_value = 1, invalid_image = 200, not_found = 500;
constexpr std::size_t arena_bytes = std::size_t{64} << 30;  // of addresses
constexpr std::size_t page = 4096;

struct Code {
  const tile::CpuKernel* kernel = nullptr;  // null: launches are recorded alone
  int words = 0;
  int grid_rank = 0;
  std::string entry;
};

struct StandIn {
  FakeCuda state;
  std::recursive_mutex mutex;
  std::byte* arena = nullptr;
  std::size_t used = 0;                        // from the arena's start; never shrinks
  std::map<Address, std::size_t> live;         // sizes
  std::multimap<std::size_t, Address> free;    // by size
  std::vector<std::unique_ptr<Code>> modules;  // live until the end, as handles
};

StandIn& stand_in() {
  static auto* instance = [] {
    auto* made = new StandIn;
    void* arena =
        mmap(nullptr, arena_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (arena == MAP_FAILED) std::abort();
    made->arena = static_cast<std::byte*>(arena);
    return made;
  }();
  return *instance;
}

/// Device memory can be touched while it lives.
class Access {
 public:
  Access() : lock_(stand_in().mutex) { protect(PROT_READ | PROT_WRITE); }
  ~Access() { protect(PROT_NONE); }

 private:
  static void protect(int protection) {
    if (stand_in().used > 0) mprotect(stand_in().arena, stand_in().used, protection);
  }
  std::lock_guard<std::recursive_mutex> lock_;
};

/// The result that a test wants of this call, or success.
Result planted(const char* call) {
  const auto found = stand_in().state.failing.find(call);
  return found == stand_in().state.failing.end() ? success : found->second;
}

bool is_device(Address address, std::size_t bytes) {
  const auto begin = reinterpret_cast<Address>(stand_in().arena);
  return address >= begin && address + bytes <= begin + stand_in().used;
}

void* pointer(Address address) { return reinterpret_cast<void*>(address); }

void run(const Code& code, std::vector<std::int64_t>& words) {
  std::int64_t extents[16];
  code.kernel->grid(words.data(), extents);
  std::int64_t programs = 1;
  for (int axis = 0; axis < code.grid_rank; ++axis) programs *= extents[axis];
  void* scratch = nullptr;
  if (code.kernel->scratch_bytes > 0) {
    scratch = std::aligned_alloc(64, (code.kernel->scratch_bytes + 63) / 64 * 64);
  }
  if (programs > 0) code.kernel->run(words.data(), extents, 0, programs, scratch);
  std::free(scratch);
}

}  // namespace

extern "C" {

FakeCuda* fake_cuda_state() { return &stand_in().state; }

Result cuInit(unsigned) { return planted("cuInit"); }
Result cuDriverGetVersion(int* version) {
  *version = stand_in().state.driver_version;
  return success;
}
Result cuGetErrorName(Result code, const char** name) {
  switch (code) {
    case 2:
      *name = "CUDA_ERROR_OUT_OF_MEMORY";
      return success;
    case 218:
      *name = "CUDA_ERROR_INVALID_PTX";
      return success;
    case 700:
      *name = "CUDA_ERROR_ILLEGAL_ADDRESS";
      return success;
    default:
      *name = "CUDA_ERROR_OTHER";
      return success;
  }
}
Result cuGetErrorString(Result code, const char** text) {
  *text = code == 700 ? "an illegal memory access was encountered" : "a planted failure";
  return success;
}
Result cuDeviceGetCount(int* count) {
  *count = stand_in().state.device_count;
  return success;
}
Result cuDeviceGet(DeviceHandle* device, int index) {
  *device = index;
  return success;
}
Result cuDeviceGetName(char* name, int size, DeviceHandle) {
  std::snprintf(name, static_cast<std::size_t>(size), "Stand-in GPU");
  return success;
}
Result cuDeviceGetAttribute(int* value, int which, DeviceHandle) {
  const int capability = stand_in().state.capability;
  *value = which == attribute_capability_major   ? capability / 10
           : which == attribute_capability_minor ? capability % 10
           : which == attribute_shared_optin     ? 232448
           : which == attribute_clock            ? 1'980'000
           : which == attribute_memory_clock     ? 2'619'000
           : which == attribute_memory_bus_bits  ? 5120
                                                 : 132;
  return success;
}
Result cuDeviceTotalMem_v2(std::size_t* bytes, DeviceHandle) {
  *bytes = stand_in().state.total_bytes;
  return success;
}
Result cuDevicePrimaryCtxRetain(Context* context, DeviceHandle device) {
  *context = reinterpret_cast<Context>(static_cast<std::uintptr_t>(device) + 1);
  return planted("cuDevicePrimaryCtxRetain");
}
Result cuCtxSetCurrent(Context) { return success; }

Result cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
  *total = stand_in().state.total_bytes;
  *free = *total - stand_in().state.allocated_bytes;
  return success;
}
Result cuMemAlloc_v2(Address* address, std::size_t bytes) {
  StandIn& d = stand_in();
  const std::lock_guard lock(d.mutex);
  if (const Result code = planted("cuMemAlloc"); code != success) return code;
  const std::size_t size = (bytes + page - 1) / page * page;
  if (d.state.allocated_bytes + size > d.state.total_bytes) return error_out_of_memory;
  const auto found = d.free.find(size);
  if (found != d.free.end()) {
    *address = found->second;
    d.free.erase(found);
  } else {
    if (d.used + size > arena_bytes) return error_out_of_memory;
    *address = reinterpret_cast<Address>(d.arena + d.used);
    d.used += size;
  }
  d.live[*address] = size;
  d.state.allocated_bytes += size;
  d.state.allocations += 1;
  return success;
}
Result cuMemFree_v2(Address address) {
  StandIn& d = stand_in();
  const std::lock_guard lock(d.mutex);
  const auto found = d.live.find(address);
  if (found == d.live.end()) return invalid_value;
  madvise(pointer(address), found->second, MADV_DONTNEED);
  d.state.allocated_bytes -= found->second;
  d.free.emplace(found->second, address);
  d.live.erase(found);
  return success;
}
Result cuMemHostAlloc(void** data, std::size_t bytes, unsigned) {
  if (const Result failure = planted("cuMemHostAlloc")) return failure;
  *data = std::aligned_alloc(page, (bytes + page - 1) / page * page);
  return *data != nullptr ? success : error_out_of_memory;
}
Result cuPointerGetAttribute(void* type, int, Address address) {
  if (!is_device(address, 0)) return invalid_value;
  *static_cast<unsigned*>(type) = 2;
  return success;
}
Result cuMemcpyHtoDAsync_v2(Address to, const void* from, std::size_t bytes, Stream) {
  const Access access;
  if (!is_device(to, bytes)) return invalid_value;
  std::memcpy(pointer(to), from, bytes);
  return planted("cuMemcpyHtoDAsync");
}
Result cuMemcpyDtoHAsync_v2(void* to, Address from, std::size_t bytes, Stream) {
  const Access access;
  if (!is_device(from, bytes) || is_device(reinterpret_cast<Address>(to), 0)) return invalid_value;
  std::memcpy(to, pointer(from), bytes);
  return planted("cuMemcpyDtoHAsync");
}
Result cuMemcpyAsync(Address to, Address from, std::size_t bytes, Stream) {
  const Access access;
  if (!is_device(to, bytes) || !is_device(from, bytes)) return invalid_value;
  std::memmove(pointer(to), pointer(from), bytes);
  return success;
}
Result cuMemsetD8Async(Address to, unsigned char value, std::size_t bytes, Stream) {
  const Access access;
  if (!is_device(to, bytes)) return invalid_value;
  std::memset(pointer(to), value, bytes);
  return success;
}

Result cuStreamCreate(Stream* stream, unsigned) {
  *stream = reinterpret_cast<Stream>(std::uintptr_t{1});
  return success;
}
Result cuStreamQuery(Stream) { return planted("cuStreamQuery"); }
Result cuStreamSynchronize(Stream) { return planted("cuStreamSynchronize"); }

using Time = std::chrono::steady_clock::time_point;
Result cuEventCreate(Event* event, unsigned) {
  *event = reinterpret_cast<Event>(new Time);
  return success;
}
Result cuEventRecord(Event event, Stream) {
  *reinterpret_cast<Time*>(event) = std::chrono::steady_clock::now();
  return success;
}
Result cuEventQuery(Event) { return planted("cuEventQuery"); }
Result cuEventSynchronize(Event) { return success; }
Result cuEventElapsedTime(float* milliseconds, Event start, Event end) {
  const std::chrono::duration<float, std::milli> time =
      *reinterpret_cast<Time*>(end) - *reinterpret_cast<Time*>(start);
  *milliseconds = time.count();
  return success;
}

Result cuModuleLoadDataEx(Module* module, const void* image, unsigned count, int* options,
                          void** values) {
  const auto* text = static_cast<const char*>(image);
  auto code = std::make_unique<Code>();
  void* kernel = nullptr;
  const bool runs = std::sscanf(text, "run %p %d %d", &kernel, &code->words, &code->grid_rank) == 3;
  if (!runs && std::sscanf(text, "record %d", &code->words) != 1) {
    for (unsigned i = 0; i < count; ++i) {
      if (options[i] == jit_error_log) {
        std::strcpy(static_cast<char*>(values[i]), "ptxas fatal: this is no PTX");
      }
    }
    return planted("cuModuleLoadDataEx") != success ? planted("cuModuleLoadDataEx") : invalid_image;
  }
  code->kernel = static_cast<const tile::CpuKernel*>(kernel);
  const std::lock_guard lock(stand_in().mutex);
  *module = reinterpret_cast<Module>(code.get());
  stand_in().modules.push_back(std::move(code));
  return success;
}
Result cuModuleUnload(Module) { return success; }
Result cuModuleGetFunction(Function* function, Module module, const char* entry) {
  if (std::strcmp(entry, "missing") == 0) return not_found;
  reinterpret_cast<Code*>(module)->entry = entry;
  *function = reinterpret_cast<Function>(module);
  return success;
}
Result cuFuncGetAttribute(int* value, int, Function) {
  *value = 1024;
  return success;
}
Result cuFuncSetAttribute(Function, int, int) { return planted("cuFuncSetAttribute"); }
Result cuLaunchKernelEx(const LaunchConfig* config, Function function, void** parameters, void**) {
  if (const Result code = planted("cuLaunchKernelEx"); code != success) return code;
  const Access access;
  const Code& code = *reinterpret_cast<Code*>(function);
  std::vector<std::int64_t> words;
  for (int i = 0; i < code.words; ++i) {
    words.push_back(*static_cast<const std::int64_t*>(parameters[i]));
  }
  if (code.kernel != nullptr) {
    run(code, words);
  } else {
    stand_in().state.launches.push_back(
        {code.entry, config->grid_x, config->block_x, config->shared_bytes, words});
  }
  return success;
}
Result cuTensorMapEncodeTiled(TensorMap*, int, unsigned rank, Address address,
                              const std::uint64_t* sizes, const std::uint64_t* strides,
                              const std::uint32_t* box, const std::uint32_t*, int, int, int, int) {
  if (rank != 2 || address % 16 != 0 || strides[0] % 16 != 0) return invalid_value;
  stand_in().state.tensor_maps.push_back({address, sizes[0], sizes[1], strides[0], box[0], box[1]});
  return planted("cuTensorMapEncodeTiled");
}

}  // extern "C"
