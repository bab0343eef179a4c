// Where memory lies and kernels run: the CPU, one of the NVIDIA GPUs, or "real", which is for
// checking gradients: kernels run there in the interpreter's real mode, where every f32 is a double
// (an f32 tensor takes 8 bytes an element, in host memory). A tensor's storage has a device; an op
// runs on the device of its operands and puts its results there. CUDA work is queued on one stream
// per GPU and runs in that order; reading a tensor on the host waits for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace pg {

inline constexpr int max_cuda_devices = 8;

struct Device {
  enum class Kind : std::uint8_t { Cpu, Cuda, Real };
  Kind kind = Kind::Cpu;
  std::int8_t index = 0;  // of the GPU

  constexpr bool is_cuda() const { return kind == Kind::Cuda; }
  constexpr bool is_real() const { return kind == Kind::Real; }
  bool operator==(const Device&) const = default;
};

inline constexpr Device cpu_device{};
inline constexpr Device real_device{Device::Kind::Real};
constexpr Device cuda_device(int index = 0) {
  return {Device::Kind::Cuda, static_cast<std::int8_t>(index)};
}

/// For tables with one entry per device: 0 <= slot_of(device) < device_slots.
inline constexpr int device_slots = 2 + max_cuda_devices;
constexpr int slot_of(Device device) {
  return device.is_cuda() ? 2 + device.index : device.is_real();
}

/// "cpu", "cuda" (the first GPU), "cuda:1"; programs do not offer "real". Only the text is checked;
/// is the device there? check_device.
Device parse_device(std::string_view text);
/// "cpu", "cuda:0", "real".
std::string to_string(Device device);

/// Throws Unavailable, saying what was found and what is needed, unless work can run there.
void check_device(std::string_view op, Device device);
/// GPUs that can be used; 0 without a driver. Never throws.
int cuda_device_count();
/// One line: "cuda:0 NVIDIA H100 80GB HBM3, sm_90a, 79.1 GiB, driver 13.0".
std::string describe(Device device);
/// "13.0 (libcuda.so.1)", or why there is none that can be used. Never throws.
std::string describe_cuda_driver();
struct DeviceMemory {
  std::size_t free_bytes = 0;
  std::size_t total_bytes = 0;
};
/// Of a GPU, all processes counted.
DeviceMemory device_memory(Device device);
/// What kernels are compiled for there: "sm_90a", else the CPU's target().
std::string_view target_of(Device device);

/// Returns when all work queued on the device is done; throws DeviceFault if any of it failed.
void synchronize(Device device);

/// Seconds that a kernel on a GPU may take; 0 (at first, unless PICOGRAD_KERNEL_TIMEOUT is set):
/// any. Whoever waits for a kernel that takes longer gets a DeviceFault that names it. Costs an
/// event per launch.
void set_kernel_timeout(double seconds);

/// Where creation functions (empty, zeros, from_data, ...) without a device argument put tensors:
/// the CPU, unless this thread chose another. Changes no numbers; an op looks at it only when it
/// has no operand that says where.
Device default_device();
void set_default_device(Device device);

/// Copies between any two devices. Ordered after all work queued so far; `to` on the host is
/// filled when it returns, `from` on the host may be reused.
void copy_bytes(void* to, Device to_device, const void* from, Device from_device,
                std::size_t bytes);
/// Sets every byte to `value`, in order with the device's other work.
void fill_bytes(void* data, Device device, unsigned char value, std::size_t bytes);

}  // namespace pg
