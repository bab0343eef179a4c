// See cuda_kernel.h.
#include "runtime/device/cuda_kernel.h"

#include <algorithm>
#include <array>
#include <limits>

#include "runtime/device/cuda_device.h"
#include "runtime/device/cuda_profile.h"
#include "runtime/device/cuda_tensor_map.h"
#include "runtime/device/error.h"
#include "runtime/device/kernel_state.h"
#include "runtime/device/profile.h"

namespace pg::cuda {

namespace {

using Op = tile::HostProgram::Step::Op;

/// Two's complement without undefined overflow.
std::int64_t wrapped(std::uint64_t value) { return static_cast<std::int64_t>(value); }

std::int64_t apply(Op op, std::int64_t a, std::int64_t b, std::int64_t c) {
  const auto x = static_cast<std::uint64_t>(a);
  const auto y = static_cast<std::uint64_t>(b);
  switch (op) {
    case Op::Constant:
    case Op::Word:
      break;
    case Op::Add:
      return wrapped(x + y);
    case Op::Sub:
      return wrapped(x - y);
    case Op::Mul:
      return wrapped(x * y);
    case Op::Div:
      return b == 0 ? 0 : b == -1 ? wrapped(0 - x) : a / b;
    case Op::Rem:
      return b == 0 ? a : b == -1 ? 0 : a % b;
    case Op::Min:
      return a < b ? a : b;
    case Op::Max:
      return a > b ? a : b;
    case Op::Eq:
      return a == b;
    case Op::Ne:
      return a != b;
    case Op::Lt:
      return a < b;
    case Op::Le:
      return a <= b;
    case Op::Select:
      return a != 0 ? b : c;
  }
  return 0;
}

int operand_count(Op op) {
  switch (op) {
    case Op::Constant:
    case Op::Word:
      return 0;
    case Op::Select:
      return 3;
    default:
      return 2;
  }
}

}  // namespace

void evaluate(const tile::HostProgram& program, tile::ArgumentWords words, std::int64_t* results) {
  std::int64_t values[max_host_steps];
  std::size_t next = 0;
  for (const tile::HostProgram::Step& step : program.steps) {
    std::int64_t value = 0;
    if (step.op == Op::Constant) {
      value = step.constant;
    } else if (step.op == Op::Word) {
      value = words[step.constant];
    } else {
      value = apply(step.op, values[step.a], values[step.b],
                    step.op == Op::Select ? values[step.c] : 0);
    }
    values[next++] = value;
  }
  for (const int result : program.results) *results++ = values[result];
}

void check_host_program(const std::string& kernel, const tile::HostProgram& program,
                        int word_count) {
  if (program.steps.size() > max_host_steps) {
    fail(kernel, "the grid takes {} steps to compute; at most {} are supported",
         program.steps.size(), max_host_steps);
  }
  const int count = static_cast<int>(program.steps.size());
  for (int i = 0; i < count; ++i) {
    const tile::HostProgram::Step& step = program.steps[static_cast<std::size_t>(i)];
    const int operands[] = {step.a, step.b, step.c};
    bool is_sound = step.op != Op::Word || (step.constant >= 0 && step.constant < word_count);
    for (int j = 0; j < operand_count(step.op); ++j) {
      is_sound = is_sound && operands[j] >= 0 && operands[j] < i;
    }
    if (!is_sound) fail(kernel, "the compiler's program for the grid is wrong at step {}", i);
  }
  for (const int result : program.results) {
    if (result < 0 || result >= count) {
      fail(kernel, "the compiler's program for the grid has no step {}", result);
    }
  }
}

LoadedKernel::LoadedKernel(std::string label, int index, tile::GpuKernel code, int word_count,
                           int grid_rank)
    : label_(std::move(label)),
      index_(index),
      code_(std::move(code)),
      word_count_(word_count),
      grid_rank_(grid_rank) {
  check_host_program(label_, code_.grid, word_count);
  if (std::ssize(code_.grid.results) != grid_rank) {
    fail(label_, "the compiler computes {} extents for a grid of {} axes",
         code_.grid.results.size(), grid_rank);
  }
  if (code_.tensor_maps.size() > max_tensor_maps) {
    fail(label_, "the compiler asks for {} tensor maps; at most {} are supported",
         code_.tensor_maps.size(), max_tensor_maps);
  }
  load(index);
}

LoadedKernel::~LoadedKernel() {
  // At the end of the process the driver may be gone already; its result does not matter.
  if (module_ != nullptr) find_api()->cuModuleUnload(module_);
}

void LoadedKernel::load(int index) {
  const Api& driver = api(label_);
  const Gpu& device = gpu(label_, index);
  if (code_.shared_bytes > device.shared_bytes) {
    fail(label_, "a block needs {} bytes of shared memory, cuda:{} ({}) has {}", code_.shared_bytes,
         index, device.name, device.shared_bytes);
  }
  constexpr std::size_t log_bytes = 16 << 10;
  std::string errors(log_bytes, '\0');
  std::string notes(log_bytes, '\0');
  int options[] = {jit_error_log, jit_error_log_bytes, jit_info_log, jit_info_log_bytes};
  void* const size = reinterpret_cast<void*>(log_bytes);
  void* values[] = {errors.data(), size, notes.data(), size};
  const Result loaded =
      driver.cuModuleLoadDataEx(&module_, code_.image.c_str(), 4, options, values);
  if (loaded != success) {
    module_ = nullptr;
    errors.resize(errors.find('\0') == std::string::npos ? log_bytes : errors.find('\0'));
    check(label_, "cuModuleLoadDataEx", loaded,
          fmt::format("cuda:{} ({}, driver {}){}{}", index, device.name,
                      version_text(driver.driver_version), errors.empty() ? "" : "\n", errors));
  }
  check(label_, "cuModuleGetFunction",
        driver.cuModuleGetFunction(&function_, module_, code_.entry.c_str()),
        "entry " + code_.entry);
  if (code_.shared_bytes > shared_without_asking) {
    check(label_, "cuFuncSetAttribute",
          driver.cuFuncSetAttribute(function_, function_max_dynamic_shared,
                                    static_cast<int>(code_.shared_bytes)),
          fmt::format("{} bytes of shared memory", code_.shared_bytes));
  }
  int most_threads = 0;
  check(label_, "cuFuncGetAttribute",
        driver.cuFuncGetAttribute(&most_threads, function_max_threads, function_));
  if (code_.threads > most_threads) {
    fail(label_, "a block has {} threads, but the kernel's registers leave room for {}",
         code_.threads, most_threads);
  }
}

std::string LoadedKernel::describe_launch(std::int64_t programs) const {
  return fmt::format("grid {}, block {}, {} bytes of shared memory on cuda:{}", programs,
                     code_.threads, code_.shared_bytes, index_);
}

void LoadedKernel::launch(std::int64_t* words, const tile::KernelWork& work) const {
  std::int64_t* extents = words + word_count_;
  evaluate(code_.grid, words, extents);
  std::int64_t programs = 1;
  for (int axis = 0; axis < grid_rank_; ++axis) {
    if (extents[axis] <= 0) return;
  }
  for (int axis = 0; axis < grid_rank_; ++axis) {
    if (__builtin_mul_overflow(programs, extents[axis], &programs) ||
        programs > std::numeric_limits<std::int32_t>::max()) {
      fail(label_,
           "the grid has more than 2^31 - 1 programs (extent {} on axis {}); a GPU launches "
           "no more at once",
           extents[axis], axis);
    }
  }
  void* parameters[max_words + max_grid_rank + max_tensor_maps];
  const int count = word_count_ + grid_rank_;
  for (int i = 0; i < count; ++i) parameters[i] = words + i;
  TensorMap maps[max_tensor_maps];
  for (std::size_t i = 0; i < code_.tensor_maps.size(); ++i) {
    maps[i] = tensor_map(label_, code_.tensor_maps[i], words);
    parameters[static_cast<std::size_t>(count) + i] = maps + i;
  }
  const Gpu& device = gpu(label_, index_);
  LaunchConfig config;
  config.grid_x = static_cast<unsigned>(
      code_.blocks_stay ? std::min<std::int64_t>(programs, device.multiprocessors) : programs);
  config.block_x = static_cast<unsigned>(code_.threads);
  config.shared_bytes = static_cast<unsigned>(code_.shared_bytes);
  config.stream = device.stream;
  const Api& driver = api(label_);
  const ProfiledLaunch profiled(label_, device, work);
  finish_launch(label_, device, driver.cuLaunchKernelEx(&config, function_, parameters, nullptr),
                [&] { return describe_launch(programs); });
}

}  // namespace pg::cuda
