// See device.h and cuda_device.h.
#include "runtime/device/device.h"

#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "runtime/device/cuda_copy.h"
#include "runtime/device/cuda_device.h"
#include "runtime/device/cuda_memory.h"
#include "runtime/device/cuda_watch.h"
#include "runtime/device/error.h"
#include "runtime/device/kernel.h"
#include "runtime/device/thread_pool.h"

namespace pg {

namespace cuda {

namespace {

int attribute(std::string_view op, int which, DeviceHandle device) {
  int value = 0;
  check(op, "cuDeviceGetAttribute", api(op).cuDeviceGetAttribute(&value, which, device));
  return value;
}

void open(std::string_view op, Gpu& gpu, int index) {
  const Api& driver = api(op);
  gpu.index = index;
  check(op, "cuDeviceGet", driver.cuDeviceGet(&gpu.handle, index));
  char name[256] = "";
  check(op, "cuDeviceGetName", driver.cuDeviceGetName(name, sizeof name, gpu.handle));
  gpu.name = name;
  gpu.major = attribute(op, attribute_capability_major, gpu.handle);
  gpu.minor = attribute(op, attribute_capability_minor, gpu.handle);
  gpu.multiprocessors = attribute(op, attribute_multiprocessors, gpu.handle);
  gpu.shared_bytes = attribute(op, attribute_shared_optin, gpu.handle);
  gpu.target = target_for(gpu.major, gpu.minor, gpu.shared_bytes);
  check(op, "cuDeviceTotalMem", driver.cuDeviceTotalMem(&gpu.total_bytes, gpu.handle));
  check(op, "cuDevicePrimaryCtxRetain", driver.cuDevicePrimaryCtxRetain(&gpu.context, gpu.handle));
  check(op, "cuCtxSetCurrent", driver.cuCtxSetCurrent(gpu.context));
  check(op, "cuStreamCreate", driver.cuStreamCreate(&gpu.stream, stream_non_blocking));
  gpu.memory = new Memory(gpu);
}

struct Slot {
  std::once_flag once;
  Gpu gpu;
};

}  // namespace

std::string_view target_for(int major, int minor, int shared_bytes) {
  if (major < 8) return "";
  if (major == 8) return minor == 0 ? "sm_80" : minor < 9 ? "sm_86" : "sm_89";
  if (major == 9) return "sm_90a";
  constexpr int large = 227 << 10;  // what sm_90's plans may use
  return shared_bytes >= large ? "sm_90" : "sm_89";
}

Gpu& gpu(std::string_view op, int index) {
  static auto* slots = new std::array<Slot, max_cuda_devices>;
  static thread_local Context current = nullptr;
  const Api& driver = api(op);
  const int count = cuda_device_count();
  if (index < 0 || index >= count) {
    throw Unavailable(
        fmt::format("{}: there is no cuda:{}; this machine has {} GPU{}", op, index, count,
                    count == 1 ? " (cuda:0)" : fmt::format("s (cuda:0 to cuda:{})", count - 1)));
  }
  Slot& slot = (*slots)[static_cast<std::size_t>(index)];
  std::call_once(slot.once, [&] { open(op, slot.gpu, index); });
  if (current != slot.gpu.context) {
    check(op, "cuCtxSetCurrent", driver.cuCtxSetCurrent(slot.gpu.context));
    current = slot.gpu.context;
  }
  return slot.gpu;
}

bool launches_wait() {
  static const bool wait = [] {
    const char* set = std::getenv("PICOGRAD_SYNC");
    return set != nullptr && std::strcmp(set, "1") == 0;
  }();
  return wait;
}

void finish_launch(const std::string& kernel, const Gpu& gpu, Result launched,
                   const std::function<std::string()>& describe) {
  if (launched != success) {
    // Without a wait after each launch, this one may report what an earlier kernel did.
    const bool is_own = launches_wait() || launched < 700 || launched == 701;
    check(kernel, "cuLaunchKernelEx", launched, is_own ? describe() : "");
  }
  note_launch(kernel, gpu);
  if (launches_wait()) wait_for_stream(kernel, gpu, describe());
}

}  // namespace cuda

namespace {

thread_local Device chosen_default;

cuda::Address address_of(const void* data) {
  return static_cast<cuda::Address>(reinterpret_cast<std::uintptr_t>(data));
}

}  // namespace

Device parse_device(std::string_view text) {
  if (text == "cpu") return cpu_device;
  if (text == "cuda") return cuda_device();
  constexpr std::string_view prefix = "cuda:";
  int index = -1;
  if (text.starts_with(prefix)) {
    const char* end = text.data() + text.size();
    const auto [rest, problem] = std::from_chars(text.data() + prefix.size(), end, index);
    if (problem != std::errc() || rest != end || index >= max_cuda_devices) index = -1;
  }
  if (index < 0) {
    fail("device", "`{}` is no device; devices are cpu, cuda and cuda:0 to cuda:{}", text,
         max_cuda_devices - 1);
  }
  return cuda_device(index);
}

std::string to_string(Device device) {
  if (device.is_real()) return "real";
  return device.is_cuda() ? fmt::format("cuda:{}", device.index) : "cpu";
}

void check_device(std::string_view op, Device device) {
  if (!device.is_cuda()) return;
  const cuda::Gpu& gpu = cuda::gpu(op, device.index);
  if (!gpu.target.empty()) return;
  throw Unavailable(fmt::format(
      "{}: cuda:{} is a {} with compute capability {}.{}; kernels need 8.0 (A100) or newer. The "
      "CPU works: --device cpu",
      op, gpu.index, gpu.name, gpu.major, gpu.minor));
}

int cuda_device_count() {
  static const int count = [] {
    const cuda::Api* driver = cuda::find_api();
    int found = 0;
    if (driver != nullptr) driver->cuDeviceGetCount(&found);
    return std::min(found, max_cuda_devices);
  }();
  return count;
}

std::string describe(Device device) {
  if (device.is_real()) return "real, the interpreter with f64 for f32";
  if (!device.is_cuda()) return fmt::format("cpu, {}, {} threads", target(), thread_count());
  const cuda::Gpu& gpu = cuda::gpu("device", device.index);
  return fmt::format(
      "cuda:{} {}, compute capability {}.{}, {} multiprocessors, {:.1f} GiB, "
      "driver {}",
      gpu.index, gpu.name, gpu.major, gpu.minor, gpu.multiprocessors,
      static_cast<double>(gpu.total_bytes) / (1 << 30),
      cuda::version_text(cuda::api("device").driver_version));
}

std::string describe_cuda_driver() {
  const cuda::Api* driver = cuda::find_api();
  if (driver == nullptr) return cuda::missing_reason();
  return fmt::format("{} ({})", cuda::version_text(driver->driver_version), driver->library);
}

DeviceMemory device_memory(Device device) {
  const char* op = "device_memory";
  if (!device.is_cuda()) fail(op, "only of a GPU, not of {}", to_string(device));
  cuda::gpu(op, device.index);
  DeviceMemory memory;
  cuda::check(op, "cuMemGetInfo",
              cuda::api(op).cuMemGetInfo(&memory.free_bytes, &memory.total_bytes));
  return memory;
}

std::string_view target_of(Device device) {
  if (!device.is_cuda()) return target();
  check_device("device", device);
  return cuda::gpu("device", device.index).target;
}

void synchronize(Device device) {
  if (device.is_cuda()) {
    cuda::wait_for_stream("synchronize", cuda::gpu("synchronize", device.index));
  }
}

Device default_device() { return chosen_default; }
void set_default_device(Device device) {
  check_device("set_default_device", device);
  chosen_default = device;
}

void copy_bytes(void* to, Device to_device, const void* from, Device from_device,
                std::size_t bytes) {
  const char* op = "copy";
  if (bytes == 0) return;
  if (!to_device.is_cuda() && !from_device.is_cuda()) {
    std::memcpy(to, from, bytes);
    return;
  }
  if (!from_device.is_cuda()) {
    cuda::copy_to_gpu(cuda::gpu(op, to_device.index), address_of(to), from, bytes);
    return;
  }
  if (!to_device.is_cuda()) {
    cuda::copy_from_gpu(cuda::gpu(op, from_device.index), to, address_of(from), bytes);
    return;
  }
  // Between two GPUs both streams stand still, so no event is needed.
  if (to_device != from_device) synchronize(to_device);
  cuda::check(op, "cuMemcpyAsync",
              cuda::api(op).cuMemcpyAsync(address_of(to), address_of(from), bytes,
                                          cuda::gpu(op, from_device.index).stream));
  if (to_device != from_device) synchronize(from_device);
}

void fill_bytes(void* data, Device device, unsigned char value, std::size_t bytes) {
  const char* op = "fill_bytes";
  if (bytes == 0) return;
  if (!device.is_cuda()) {
    std::memset(data, value, bytes);
    return;
  }
  const cuda::Gpu& gpu = cuda::gpu(op, device.index);
  cuda::check(op, "cuMemsetD8Async",
              cuda::api(op).cuMemsetD8Async(address_of(data), value, bytes, gpu.stream));
}

}  // namespace pg
