// See raw_kernel.h.
#include "runtime/device/raw_kernel.h"

#include <array>
#include <atomic>
#include <mutex>

#include "runtime/device/cuda_copy.h"
#include "runtime/device/cuda_device.h"
#include "runtime/device/cuda_profile.h"
#include "runtime/device/error.h"
#include "runtime/device/nvrtc.h"

namespace pg::cuda {

namespace {

constexpr std::size_t most_arguments = 64;

std::string describe(const LaunchShape& shape, const Gpu& gpu) {
  return fmt::format("grid ({}, {}, {}), block ({}, {}, {}), {} bytes of shared memory on cuda:{}",
                     shape.grid.x, shape.grid.y, shape.grid.z, shape.block.x, shape.block.y,
                     shape.block.z, shape.shared_bytes, gpu.index);
}

/// What a GPU can launch, checked before it is asked to.
void check_shape(const std::string& name, const LaunchShape& shape, const Gpu& gpu) {
  const LaunchShape::Extent& grid = shape.grid;
  const LaunchShape::Extent& block = shape.block;
  const bool fits = grid.x < (std::int64_t{1} << 31) && grid.y <= 65535 && grid.z <= 65535 &&
                    block.x >= 1 && block.y >= 1 && block.z >= 1 && block.x <= 1024 &&
                    block.y <= 1024 && block.z <= 64 && block.x * block.y * block.z <= 1024 &&
                    shape.shared_bytes >= 0 && shape.shared_bytes <= gpu.shared_bytes;
  if (fits) return;
  fail(name,
       "{} cannot be launched: a grid has at most (2^31 - 1, 65535, 65535) blocks, a block (1024, "
       "1024, 64) and 1024 threads in all, and {} bytes of shared memory",
       describe(shape, gpu), gpu.shared_bytes);
}

}  // namespace

struct RawKernel::State {
  std::string source;
  std::string name;
  std::vector<std::string> options;
  std::mutex mutex;
  std::array<std::atomic<Function>, max_cuda_devices> functions{};  // modules are never unloaded

  Function function_on(const Gpu& gpu);
};

Function RawKernel::State::function_on(const Gpu& gpu) {
  std::atomic<Function>& slot = functions[static_cast<std::size_t>(gpu.index)];
  if (Function known = slot.load(std::memory_order_acquire)) return known;
  const std::lock_guard lock(mutex);
  if (Function known = slot.load(std::memory_order_acquire)) return known;
  const CompiledSource code =
      compile_source(source, name, options,
                     fmt::format("sm_{}{}{}", gpu.major, gpu.minor, gpu.major >= 9 ? "a" : ""));
  const Api& driver = api(name);
  Module module = nullptr;
  check(name, "cuModuleLoadDataEx",
        driver.cuModuleLoadDataEx(&module, code.image.data(), 0, nullptr, nullptr));
  Function function = nullptr;
  check(name, "cuModuleGetFunction",
        driver.cuModuleGetFunction(&function, module, code.entry.c_str()), code.entry);
  slot.store(function, std::memory_order_release);
  return function;
}

RawKernel::RawKernel(std::string source, std::string name, std::vector<std::string> options)
    : state_(std::make_shared<State>()) {
  state_->source = std::move(source);
  state_->name = std::move(name);
  state_->options = std::move(options);
}

const std::string& RawKernel::name() const {
  if (state_ == nullptr) fail("raw kernel", "the handle is empty");
  return state_->name;
}

void RawKernel::launch(const LaunchShape& shape, std::span<const Argument> arguments) const {
  const std::string& kernel = name();
  if (arguments.size() > most_arguments) fail(kernel, "more than {} arguments", most_arguments);
  std::int64_t words[most_arguments];
  void* parameters[most_arguments];
  Device device;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Argument& argument = arguments[i];
    const bool is_tensor = argument.kind == Argument::Kind::Tensor;
    // On this machine a narrower scalar is the first bytes of its 64 bits.
    words[i] = is_tensor
                   ? static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(argument.data))
                   : argument.bits;
    parameters[i] = words + i;
    if (!is_tensor) continue;
    if (!argument.device.is_cuda() || (device.is_cuda() && argument.device != device)) {
      fail(
          kernel, "argument {} is on {}, but {}; move it with to(device)", i,
          to_string(argument.device),
          device.is_cuda() ? "one before it is on " + to_string(device) : "CUDA C++ runs on a GPU");
    }
    device = argument.device;
  }
  if (!device.is_cuda()) fail(kernel, "no tensor among the arguments says on which GPU to run");
  Gpu& gpu = cuda::gpu(kernel, device.index);
  check_shape(kernel, shape, gpu);
  if (launches_wait()) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      if (arguments[i].kind != Argument::Kind::Tensor) continue;
      check_address(kernel, fmt::format("argument {}", i), gpu, arguments[i].data);
    }
  }
  if (shape.grid.x <= 0 || shape.grid.y <= 0 || shape.grid.z <= 0) return;
  const Function function = state_->function_on(gpu);
  if (shape.shared_bytes > shared_without_asking) {
    check(kernel, "cuFuncSetAttribute",
          api(kernel).cuFuncSetAttribute(function, function_max_dynamic_shared,
                                         static_cast<int>(shape.shared_bytes)),
          describe(shape, gpu));
  }
  LaunchConfig config;
  config.grid_x = static_cast<unsigned>(shape.grid.x);
  config.grid_y = static_cast<unsigned>(shape.grid.y);
  config.grid_z = static_cast<unsigned>(shape.grid.z);
  config.block_x = static_cast<unsigned>(shape.block.x);
  config.block_y = static_cast<unsigned>(shape.block.y);
  config.block_z = static_cast<unsigned>(shape.block.z);
  config.shared_bytes = static_cast<unsigned>(shape.shared_bytes);
  config.stream = gpu.stream;
  const ProfiledLaunch profiled(kernel, gpu);
  finish_launch(kernel, gpu, api(kernel).cuLaunchKernelEx(&config, function, parameters, nullptr),
                [&] { return describe(shape, gpu); });
}

}  // namespace pg::cuda
